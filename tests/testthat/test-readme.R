readme <- function() {
  file <- test_path("..", "..", "README.md")
  skip_if_not(file.exists(file), "README.md is not part of the built package")
  readLines(file)
}

# The first block of R code that trains something.
first_example <- function(lines) {
  fences <- grep("^```", lines)
  starts <- fences[grepl("^```\\s*\\{?r", lines[fences])]
  blocks <- lapply(starts, function(start) {
    lines[seq_len(fences[fences > start][1] - start - 1) + start]
  })
  Find(function(block) any(grepl("mlp_fit", block, fixed = TRUE)), blocks)
}

test_that("the README's first example runs as printed", {
  code <- first_example(readme())
  expect_false(is.null(code))
  withr::local_pdf(NULL)
  withr::local_dir(withr::local_tempdir())
  withr::local_seed(1)
  utils::capture.output(
    expect_error(suppressMessages(eval(parse(text = code), new.env())), NA)
  )
})

test_that("the README installs the version that this is", {
  line <- grep("install\\.packages\\(.*fastmlp_", readme(), value = TRUE)
  expect_gt(length(line), 0)
  version <- utils::packageVersion("fastmlp")
  expected <- sprintf("install.packages(\"fastmlp_%s.tar.gz\", repos = NULL, type = \"source\")",
                      version)
  expect_match(line, expected, fixed = TRUE)
})
