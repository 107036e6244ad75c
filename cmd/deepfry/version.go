package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/internal/cpu"
)

type versionCommand struct{}

func (versionCommand) Help() string {
	return `Examples:

  deepfry version`
}

func (versionCommand) Run(term *console.Terminal) error {
	_, err := fmt.Fprintln(term.Stdout, version())
	return err
}

// built tells the release, and the commit if go build has stored it.
func built() (release, commit string) {
	release = "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok {
		release = cmp.Or(info.Main.Version, release)
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				commit += ", modified"
			}
		}
	}
	return release, commit
}

// version tells what bits of results may depend on.
func version() string {
	release, commit := built()
	commit = cmp.Or(commit, "unknown: go build in the repository stores it")
	var kernels []string
	for _, k := range cpu.Available() {
		kernels = append(kernels, k.String())
	}
	return fmt.Sprintf("deepfry %s\ncommit: %s\n%s %s/%s\nkernels: %v of %s", release, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH,
		cpu.Current(), strings.Join(kernels, ", "))
}
