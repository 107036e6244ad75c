// The assembly generators are a module of their own, so that users of Deepfry
// do not inherit avo.
module github.com/deepfry/deepfry/internal/gen

go 1.26.0

require (
	github.com/deepfry/deepfry v0.0.0
	github.com/mmcloughlin/avo v0.6.0
)

require (
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.25.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

// For the plans that kernels share with the packages.
replace github.com/deepfry/deepfry => ../..
