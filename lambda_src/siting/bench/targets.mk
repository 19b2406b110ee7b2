# The domain's own benchmarks. `make bench` runs them with the others.

.PHONY: bench-wake bench-layout
bench: bench-wake bench-layout

bench-wake: setup ## Compare the wake models with PyWake's own, energies and times
	@python -m siting.bench.wake

bench-layout: setup ## Optimise the IEA 37 case study's farms, 60 s per farm and seed on idle cores; compare strategies up to 300 turbines
	@python -m siting.bench.layout
