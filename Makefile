.PHONY: demo install dist document test lint bench bench-accuracy site clean

# Installs what is missing, installs the package, trains on Fashion-MNIST, draws into demo-output/.
demo: install
	Rscript tools/demo.R demo-output

install:
	@tools/install.sh demo
	@tools/install_package.sh

# The source package with its vignettes, fastmlp_<version>.tar.gz; installs what building them misses.
dist:
	@tools/install.sh dist
	@tools/dist.sh

# Every check there is; the last line counts them.
test:
	@tools/install.sh test
	@tools/check.sh

# The house rules alone.
lint:
	@Rscript tools/lint.R

# fastmlp beside its peers in one run, into bench/README.md.
bench: install
	@bench/install.sh
	@bench/run.sh

# How accurate fastmlp and its peers are, into bench/accuracy/README.md: what has no result yet.
bench-accuracy: install
	@bench/accuracy/install.sh
	@bench/accuracy/run.sh

# NAMESPACE and man/, from the comments in R/.
document:
	Rscript -e 'roxygen2::roxygenise(load_code = "source")'

# README, help pages and vignettes as a web site in site/; needs pkgdown and no network.
site: install
	@tools/install.sh site
	Rscript tools/site.R site

clean:
	rm -rf demo-output site fastmlp_*.tar.gz
