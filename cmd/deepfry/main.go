// Command deepfry trains deep-fried convolutional networks and uses them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/approximation"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/benchmarks"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/walsh"
	"github.com/deepfry/deepfry/internal/cpu"
	xterm "golang.org/x/term"
)

// commands is the command line; each field's Run method is a subcommand.
type commands struct {
	Train    trainCommand          `cmd:"" help:"Train a network, or the reference and its fried version side by side."`
	Eval     evalCommand           `cmd:"" help:"Measure a trained network on test images."`
	Fit      fitCommand            `cmd:"" help:"Fit a kernel machine to a table, or to MNIST."`
	Predict  predictCommand        `cmd:"" help:"Predict by a network or a kernel machine: pictures or the rows of a table."`
	Compress compressCommand       `cmd:"" help:"Make a trained network smaller: SVD, Monarch, Fastfood or a random projection in place of its dense layers; weights in fewer bits."`
	Export   exportCommand         `cmd:"" help:"Write a trained network as an ONNX file."`
	Inspect  inspectCommand        `cmd:"" help:"Show a network layer by layer, shapes, weights, work; or what a kernel machine is made of."`
	Data     dataCommand           `cmd:"" help:"Tell where data sets are, or how to get them; draw one."`
	Kernel   approximation.Command `cmd:"" help:"How near random features come to a kernel, and what they save."`
	Hadamard walsh.Command         `cmd:"" help:"Cut a picture's Walsh spectrum, and show what remains."`
	Paper    paperCommand          `cmd:"" help:"Run the paper's experiments."`
	Bench    benchmarks.Command    `cmd:"" help:"Measure transforms, products, layers and networks on this machine."`
	Version  versionCommand        `cmd:"" help:"Tell the version, and which kernels run here."`

	ShowVersion kong.VersionFlag `name:"version" help:"Tell the version."`
}

const description = `Deep-fried convolutional networks: fully-connected layers become Fastfood transforms with a tenth of the weights.

Examples:

  deepfry train                             the reference LeNet and its fried version on MNIST, side by side
  deepfry train --model lenet --fc adaptive:2048 --epochs 20 --plot curves.svg
  deepfry eval runs/lenet-mnist-adaptive-1024-seed1.safetensors
  deepfry predict runs/lenet-mnist-adaptive-1024-seed1.safetensors digit.png
  deepfry inspect lenet --fc adaptive:1024
  deepfry fit table.csv                     a kernel machine on a table of numbers and names

The exit code is 0, 1 for errors, 2 for a command line that is not understood, and
128 + the signal for a command that was interrupted: 130 by Ctrl-C, 143 by kill, and
129 by a closed terminal.
`

func main() {
	stderr := int(os.Stderr.Fd())
	os.Exit(run(os.Args[1:], &console.Terminal{Context: contextOfSignals(), Stdout: os.Stdout, Stderr: os.Stderr, Interactive: xterm.IsTerminal(stderr), Columns: func() int {
		if columns, _, err := xterm.GetSize(stderr); err == nil && columns > 0 {
			return columns
		}
		return 80
	}}))
}

// contextOfSignals returns a context that a signal cancels, so that the command saves
// what it has. A second Ctrl-C, or SIGTERM, kills. A closed terminal is heard of more
// than once, by the shell and by the system: only the first SIGHUP counts.
func contextOfSignals() context.Context {
	signal.Ignore(syscall.SIGPIPE) // a write fails, and the command can still save
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup has SIGHUP, and a shell's & SIGINT
			signal.Notify(signals, s)
		}
	}
	go func() {
		s := (<-signals).(syscall.Signal)
		signal.Reset(syscall.SIGINT, syscall.SIGTERM)
		cancel(console.Interruption{Signal: s})
	}()
	return ctx
}

// run executes a command line and returns the exit code, which description explains.
func run(args []string, term *console.Terminal) int {
	if err := cpu.Err(); err != nil {
		report(term.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancelCause(term.Context)
	defer cancel(nil)
	output := &console.Output{Writer: term.Stdout, Failed: func(err error) {
		if errors.Is(err, syscall.EPIPE) { // nobody reads any more
			cancel(err)
		}
	}}
	wrapped := *term
	wrapped.Context, wrapped.Stdout = ctx, output
	code, err := execute(args, &wrapped)
	interruption, interrupted := context.Cause(ctx).(console.Interruption)
	switch {
	case err != nil && errors.Is(err, context.Canceled) && interrupted:
		report(term.Stderr, err)
		return 128 + int(interruption.Signal)
	case err != nil && !errors.Is(err, output.Err):
		report(term.Stderr, err)
	}
	if output.Err != nil {
		report(term.Stderr, output.Err)
	}
	if code == 0 && err != nil || output.Err != nil {
		return 1
	}
	return code
}

// execute returns the exit code that the parser of the command line wants, or the
// error of the command.
func execute(args []string, term *console.Terminal) (code int, err error) {
	var c commands
	exited := errors.New("exited")
	parser, err := kong.New(&c, kong.Name("deepfry"), kong.Description(description), kong.Vars{"version": version()},
		kong.Writers(term.Stdout, term.Stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Exit(func(status int) { code = status; panic(exited) }),
		kong.Bind(term))
	if err != nil {
		panic(err) // the declaration of a command is wrong
	}
	defer func() { // kong's help calls Exit, which must not return
		if r := recover(); r != nil && r != exited {
			panic(r)
		}
	}()
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return 2, console.Hint(err, "deepfry help COMMAND lists flags and examples")
	}
	return 0, parsed.Run(term)
}

func report(w io.Writer, err error) {
	hinted, advised := errors.AsType[*console.HintedError](err)
	if errors.Is(err, context.Canceled) && !advised {
		err = errors.New("interrupted")
	}
	fmt.Fprintf(w, "deepfry: %v\n", err)
	if advised {
		fmt.Fprintf(w, "hint: %s\n", hinted.Advice)
	}
}
