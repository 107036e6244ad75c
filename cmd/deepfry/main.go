// Command deepfry trains deep-fried convolutional networks and uses them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/approximation"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/benchmarks"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/cmd/deepfry/internal/walsh"
	"github.com/deepfry/deepfry/internal/cpu"
)

// commands is the command line; each field's Run method is a subcommand.
type commands struct {
	Train    trainCommand          `cmd:"" help:"Train a network, or the reference and its fried version side by side."`
	Eval     evalCommand           `cmd:"" help:"Measure a trained network on test images."`
	Fit      fitCommand            `cmd:"" help:"Fit a kernel machine to a table, or to MNIST."`
	Predict  predictCommand        `cmd:"" help:"Predict by a network or a kernel machine: pictures or the rows of a table."`
	Compress compressCommand       `cmd:"" help:"Make a trained network smaller: SVD, Fastfood or random projection in place of its dense layers."`
	Export   exportCommand         `cmd:"" help:"Write a trained network as an ONNX file."`
	Inspect  inspectCommand        `cmd:"" help:"Show a network layer by layer: shapes, weights, work."`
	Data     dataCommand           `cmd:"" help:"Tell where data sets are, or how to get them."`
	Kernel   approximation.Command `cmd:"" help:"How near random features come to a kernel, and what they save."`
	Hadamard walsh.Command         `cmd:"" help:"Cut a picture's Walsh spectrum, and show what remains."`
	Paper    paperCommand          `cmd:"" help:"Run the paper's experiments."`
	Bench    benchmarks.Command    `cmd:"" help:"Measure transforms, products, layers and networks on this machine."`
}

const description = `Deep-fried convolutional networks: fully-connected layers become Fastfood transforms with a tenth of the weights.

Examples:

  deepfry train                             the reference LeNet and its fried version on MNIST, side by side
  deepfry train --model lenet --fc adaptive:2048 --epochs 20 --plot curves.svg
  deepfry eval runs/lenet-mnist-adaptive-1024-seed1.safetensors
  deepfry predict runs/lenet-mnist-adaptive-1024-seed1.safetensors digit.png
  deepfry inspect lenet --fc adaptive:1024
  deepfry fit table.csv                     a kernel machine on a table of numbers and names
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	os.Exit(run(os.Args[1:], &console.Terminal{Context: ctx, Stdout: os.Stdout, Stderr: os.Stderr, Interactive: isTerminal(os.Stderr)}))
}

// run executes a command line and returns the exit code: 0, or 1 for any error.
func run(args []string, term *console.Terminal) (code int) {
	if err := cpu.Err(); err != nil {
		report(term.Stderr, err)
		return 1
	}
	var c commands
	exited := errors.New("exited")
	parser, err := kong.New(&c, kong.Name("deepfry"), kong.Description(description),
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
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(term.Stderr, "deepfry: %v\n", err)
		fmt.Fprintln(term.Stderr, "hint: deepfry COMMAND --help lists flags and examples")
		return 1
	}
	if err := parsed.Run(term); err != nil {
		report(term.Stderr, err)
		return 1
	}
	return 0
}

func report(w io.Writer, err error) {
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	fmt.Fprintf(w, "deepfry: %v\n", err)
	var hinted *console.HintedError
	if errors.As(err, &hinted) {
		fmt.Fprintf(w, "hint: %s\n", hinted.Advice)
	}
}
