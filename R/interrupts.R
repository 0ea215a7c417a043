# Interrupts, from the first step of training to the return of the fit. All that while they are suspended, so
# that none breaks off what belongs together, and R's own flag remembers them: they are heard at the ends of
# slices and of iterations alone, and by functions of the user's, which may take long.

# Makes a fit from beginning to end. One that is whole is returned, whatever the user does: an interrupt that
# comes too late to end training is told of. No R code can protect the way from here to the user's
# assignment, some ten microseconds.
fit_whole <- function(fit, call) {
  suspendInterrupts({
    told <- fit$training$stopped == "interrupted"
    while (is_interrupted()) {
      text <- "An interrupt came after training had ended; the fit is whole."
      if (!told) warn_fastmlp(text, "interrupted", call)
      told <- TRUE
    }
    fit
  })
}

# An interrupt that has come is raised here.
hear_interrupt <- function() allowInterrupts(.Call(fastmlp_hear))

is_interrupted <- function() {
  tryCatch({
    hear_interrupt()
    FALSE
  }, interrupt = function(cnd) TRUE)
}

# The value of run(), a function that may be run again. An interrupt breaks it off: it is run again, so that
# what needs the value can be completed, and the interrupt put back, to be heard where others are. One that
# comes while it is run again is raised.
run_to_value <- function(run) {
  tryCatch(allowInterrupts(run()), interrupt = function(cnd) {
    value <- allowInterrupts(run())
    put_interrupt_back()
    value
  })
}

# While interrupts are suspended this sets R's flag.
put_interrupt_back <- function() rlang::interrupt()
