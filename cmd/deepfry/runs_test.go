package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deepfry/deepfry/cmd/deepfry/internal/console"
	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/models"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// startRun starts a side-by-side run of 12 short epochs as another process.
func startRun(data, out string, arguments ...string) *exec.Cmd {
	arguments = append([]string{"train", "--data", data, "--epochs", "12", "--batch", "50", "--augment", "--out", out}, arguments...)
	c := exec.Command(os.Args[0], arguments...)
	c.Env = append(os.Environ(), beDeepfry+"=1")
	return c
}

// runWhole runs it to its end.
func runWhole(t *testing.T, data, out string, arguments ...string) {
	t.Helper()
	if output, err := startRun(data, out, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// awaitEpoch starts a run and returns what reads its output after the first epoch that
// it finishes.
func awaitEpoch(t *testing.T, c *exec.Cmd) io.ReadCloser {
	t.Helper()
	lines, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for scanner := bufio.NewScanner(lines); scanner.Scan() && !strings.Contains(scanner.Text(), "/12 "); {
	}
	return lines
}

// sameNetworks compares the checkpoints of two folders, which must be two each, byte
// for byte.
func sameNetworks(t *testing.T, got, want string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(want, "*.safetensors"))
	if err != nil || len(files) != 2 {
		t.Fatalf("checkpoints %v (%v), want two", files, err)
	}
	for _, file := range files {
		wanted, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := os.ReadFile(filepath.Join(got, filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(found, wanted) {
			t.Errorf("%s differs", filepath.Base(file))
		}
	}
}

// TestInterruptedRunIsBitIdentical interrupts a run by each signal, and by a reader of
// its output that goes, and resumes it; the files must be those of a run that was left
// alone.
func TestInterruptedRunIsBitIdentical(t *testing.T) {
	if testing.Short() {
		t.Skip("trains LeNet many times")
	}
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	data, out := filepath.Join(t.TempDir(), "data"), t.TempDir()
	if err := makeData(data, 600, 20); err != nil { // enough for a signal to come before the end
		t.Fatal(err)
	}
	whole := filepath.Join(out, "whole")
	runWhole(t, data, whole)
	const saved = "deepfry: interrupted; everything is saved\nhint: the same command with --resume"
	for _, stop := range []struct {
		code int
		said string
		how  func(*exec.Cmd, io.Closer) error
	}{
		{130, saved, func(c *exec.Cmd, _ io.Closer) error { return c.Process.Signal(os.Interrupt) }},
		{143, saved, func(c *exec.Cmd, _ io.Closer) error { return c.Process.Signal(syscall.SIGTERM) }},
		{129, saved, func(c *exec.Cmd, _ io.Closer) error { // as a closed terminal does
			return errors.Join(c.Process.Signal(syscall.SIGHUP), c.Process.Signal(syscall.SIGHUP))
		}},
		{1, "broken pipe", func(_ *exec.Cmd, output io.Closer) error { return output.Close() }},
	} {
		if stop.code == 129 && signal.Ignored(syscall.SIGHUP) { // by nohup, and then a run goes on
			continue
		}
		stopped := filepath.Join(out, strconv.Itoa(stop.code))
		c := startRun(data, stopped, "--resume")
		var complaint bytes.Buffer
		c.Stderr = &complaint
		output := awaitEpoch(t, c)
		if err := stop.how(c, output); err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, output)
		if err := c.Wait(); err == nil || c.ProcessState.ExitCode() != stop.code {
			t.Errorf("exit code %d, want %d", c.ProcessState.ExitCode(), stop.code)
		}
		if text := complaint.String(); !strings.Contains(text, stop.said) {
			t.Errorf("the run said %q, want %q", text, stop.said)
		}
		runWhole(t, data, stopped, "--resume")
		sameNetworks(t, stopped, whole)
	}
}

// stopAt is an output that cancels a run when it says a text.
type stopAt struct {
	text   string
	cancel context.CancelFunc
	said   *bytes.Buffer
}

func (s stopAt) Write(text []byte) (int, error) {
	s.said.Write(text)
	if s.text != "" && bytes.Contains(text, []byte(s.text)) {
		s.cancel()
	}
	return len(text), nil
}

// TestInterruptedExtensionIsBitIdentical interrupts a network in its first epochs and in
// those that are added, within epochs and behind them, and has it go on each time; the
// file must be that of a run that was finished, and went on, in peace.
func TestInterruptedExtensionIsBitIdentical(t *testing.T) {
	if testing.Short() {
		t.Skip("trains LeNet many times")
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := makeData(data, 150, 20); err != nil {
		t.Fatal(err)
	}
	// Of epochs of one step, what is interrupted is the measuring.
	for _, settings := range [][]string{nil, {"--batch", "150", "--holdout", "30", "--keep", "best"}, {"--augment", "--parts", "2"}} {
		train := func(stop, out string, arguments ...string) string {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			output := stopAt{stop, cancel, &bytes.Buffer{}} // the bar shows the first step of every epoch
			arguments = slices.Concat([]string{"train", "--data", data, "--model", "lenet", "--batch", "40", "--out", out}, settings, arguments)
			if code := run(arguments, &console.Terminal{Context: ctx, Stdout: io.Discard, Stderr: output, Interactive: true}); (code != 0) != (stop != "") {
				t.Fatalf("%v: exit code %d\n%s", arguments, code, output.said)
			}
			return output.said.String()
		}
		whole, stopped := t.TempDir(), t.TempDir()
		train("", whole, "--epochs", "2")
		train("", whole, "--epochs", "4", "--resume")
		train("1/2 adaptive:1024", stopped, "--epochs", "2")
		for _, stop := range []string{"2/2 adaptive:1024", "3/4 adaptive:1024", "4/4 adaptive:1024"} {
			said := train(stop, stopped, "--epochs", "4", "--resume")
			if !strings.Contains(said, "with --resume goes on from here") {
				t.Errorf("%s: it said %s", stop, said)
			}
		}
		train("", stopped, "--epochs", "4", "--resume")
		files, err := filepath.Glob(filepath.Join(whole, "*-epochs4-*"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%v (%v), want one network", files, err)
		}
		want, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(stopped, filepath.Base(files[0]))); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: the file differs (%v)", settings, err)
		}
	}
}

// TestValidationComesAndGoes interrupts a run within an epoch, and resumes it when images
// for validation have come or gone: the epoch is finished before anything is measured.
func TestValidationComesAndGoes(t *testing.T) {
	const tests, validation = "x_train y_train x_test y_test", "x_val y_val"
	for _, parts := range [][2]string{{tests, tests + " " + validation}, {tests + " " + validation, tests}} {
		data, out := filepath.Join(t.TempDir(), "data.npz"), t.TempDir()
		train := func(stop string, arrays string, arguments ...string) string {
			t.Helper()
			if err := makeSamples(data, 60, strings.Fields(arrays)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			output := stopAt{stop, cancel, &bytes.Buffer{}}
			arguments = append([]string{"train", "--data", data, "--model", "lenet", "--fc", "dense", "--batch", "20", "--epochs", "3", "--out", out}, arguments...)
			if code := run(arguments, &console.Terminal{Context: ctx, Stdout: output.said, Stderr: output, Interactive: true}); (code != 0) != (stop != "") {
				t.Fatalf("%v: exit code %d\n%s", arguments, code, output.said)
			}
			return output.said.String()
		}
		train("2/3 dense", parts[0])
		said := train("", parts[1], "--resume")
		if strings.Contains(said, "1/3    dense") || !strings.Contains(said, "2/3    dense") || !strings.Contains(said, "3/3    dense") {
			t.Errorf("from %s to %s: it said\n%s", parts[0], parts[1], said)
		}
	}
}

// TestErrorsSave has a run stop for an error that is not the network's, as of a picture
// that is gone: what is done must not be lost.
func TestErrorsSave(t *testing.T) {
	folder := t.TempDir()
	if err := makeData(folder, 20, 10); err != nil {
		t.Fatal(err)
	}
	data, err := dataset.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	network, err := nn.New(models.TinyGAP(models.Options{}), 1)
	if err != nil {
		t.Fatal(err)
	}
	k := &contestant{path: filepath.Join(folder, "run.safetensors")}
	if k.trainer, err = train.New(network, data.Train, train.Default(), 1); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	if err := (&trainCommand{}).explain(k, gone, nil); !errors.Is(err, gone) {
		t.Errorf("%v, want %v", err, gone)
	}
	if _, err := train.Resume(k.path, data.Train); err != nil {
		t.Error(err)
	}
}

// killsVariable is how often TestKilledRunIsBitIdentical kills, if not thrice.
const killsVariable = "DEEPFRY_TEST_KILLS"

// TestKilledRunIsBitIdentical kills runs at random moments and resumes them each time,
// with 1, 2 and 4 threads in turn; the files must be those of a run that was left
// alone.
func TestKilledRunIsBitIdentical(t *testing.T) {
	if testing.Short() {
		t.Skip("trains small networks many times")
	}
	kills := 3
	if text := os.Getenv(killsVariable); text != "" {
		kills = atoi(text)
	}
	digits, pictures := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "pictures")
	if err := errors.Join(makeData(digits, 300, 20), makePictures(pictures, 60)); err != nil {
		t.Fatal(err)
	}
	for _, run := range []struct {
		name, data string
		arguments  []string
	}{
		{"digits", digits, nil},
		{"digits in 4 parts", digits, []string{"--parts", "4", "--keep", "best", "--holdout", "50"}},
		{"pictures", pictures, []string{"--input", "3x16x16"}},
		{"pictures in 4 parts", pictures, []string{"--input", "3x16x16", "--parts", "4"}},
	} {
		t.Run(run.name, func(t *testing.T) { killAndResume(t, kills, run.data, run.arguments) })
	}
}

func killAndResume(t *testing.T, kills int, data string, arguments []string) {
	out := t.TempDir()
	whole, killed := filepath.Join(out, "whole"), filepath.Join(out, "killed")
	runWhole(t, data, whole, arguments...)
	resume := append(slices.Clone(arguments), "--resume")
	// Each run is killed a random time after it has begun, or, every other
	// time, after its first epoch from there on, so that it gets ahead.
	seed := uint64(time.Now().UnixNano()) // any moments must do
	t.Logf("the moments' seed is %d", seed)
	source := rand.New(rand.NewPCG(seed, 0))
	died := 0
	for kill := range kills {
		c := startRun(data, killed, resume...)
		c.Env = append(c.Env, "GOMAXPROCS="+strconv.Itoa(1<<(kill%3)))
		if kill%2 == 0 {
			awaitEpoch(t, c)
		} else if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(source.IntN(100)) * time.Millisecond)
		c.Process.Kill()
		if c.Wait() != nil { // it was not faster
			died++
		}
	}
	t.Logf("%d of %d runs were killed", died, kills)
	if files, err := filepath.Glob(filepath.Join(killed, "*.safetensors")); err != nil || len(files) == 0 {
		t.Fatalf("no checkpoint was left (%v)", err)
	}
	runWhole(t, data, killed, resume...)
	sameNetworks(t, killed, whole)
	if left, err := filepath.Glob(filepath.Join(killed, "*")); err != nil || len(left) != 2 {
		t.Errorf("%v is left (%v), want two checkpoints", left, err)
	}
	if left, err := filepath.Glob(filepath.Join(killed, ".*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

// TestSecondRunIsRefused starts a run while one of the same name is at work, which must
// not hear of it.
func TestSecondRunIsRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("trains LeNet")
	}
	data, out := filepath.Join(t.TempDir(), "data"), t.TempDir()
	if err := makeData(data, 1500, 20); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(out, "run.jsonl")
	first := startRun(data, out, "--log", log)
	awaitEpoch(t, first)
	for _, arguments := range [][]string{nil, {"--resume"}, {"--seed", "2", "--log", log, "--overwrite"}} {
		output, err := startRun(data, out, arguments...).CombinedOutput()
		file := "-seed1.safetensors"
		if len(arguments) > 1 {
			file = "run.jsonl"
		}
		if want := fmt.Sprintf("%s is in use by process %d", file, first.Process.Pid); err == nil || !strings.Contains(string(output), want) {
			t.Errorf("the second run said %q (%v), want %q", output, err, want)
		}
	}
	if earlier, err := filepath.Glob(filepath.Join(out, "*previous*")); err != nil || len(earlier) > 0 {
		t.Errorf("the second run renamed %v (%v)", earlier, err)
	}
	first.Process.Kill()
	first.Wait()
	runWhole(t, data, out, "--resume") // the lock has gone with the process
}

func TestExitCodes(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "picture.png")
	if err := makeDigit(picture, 2); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	for _, c := range []struct {
		args   []string
		cause  error
		stdout io.Writer
		want   int
		said   string
	}{
		{[]string{"version"}, nil, io.Discard, 0, ""},
		{[]string{"help", "train"}, nil, io.Discard, 0, ""},
		{[]string{"inspect", "nothing"}, nil, io.Discard, 1, "deepfry: "},
		{[]string{"fry"}, nil, io.Discard, 2, "deepfry: unexpected argument fry"},
		{[]string{"train", "--epochs", "few"}, nil, io.Discard, 2, "deepfry: --epochs: "},
		{[]string{"help", "fry"}, nil, io.Discard, 2, "deepfry: unexpected argument fry"},
		{[]string{"hadamard", picture, "-o", picture + ".png"}, console.Interruption{Signal: syscall.SIGTERM}, io.Discard, 143, "deepfry: interrupted\n"},
		{[]string{"hadamard", picture, "-o", picture + ".png"}, errors.New("another cause"), io.Discard, 1, "deepfry: interrupted\n"},
		{[]string{"version"}, nil, failing{full}, 1, "deepfry: no space left\n"},
		{[]string{"--version"}, nil, failing{full}, 1, "deepfry: no space left\n"},
		{[]string{"help"}, nil, failing{full}, 1, "deepfry: no space left\n"},
		{[]string{"inspect", "lenet"}, nil, failing{full}, 1, "deepfry: no space left\n"},
		{[]string{"inspect", "lenet", "--json"}, nil, failing{syscall.EPIPE}, 1, "deepfry: broken pipe\n"},
		{[]string{"data"}, nil, failing{full}, 1, "deepfry: no space left\n"},
		{[]string{"bench", "fwht", "--time", "1ms"}, nil, failing{full}, 1, "deepfry: no space left\n"},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if c.cause != nil {
			cancel(c.cause)
		}
		var complaint bytes.Buffer
		if code := run(c.args, &console.Terminal{Context: ctx, Stdout: c.stdout, Stderr: &complaint}); code != c.want {
			t.Errorf("%v: exit code %d, want %d", c.args, code, c.want)
		}
		if text := complaint.String(); !strings.HasPrefix(text, c.said) || c.said == "" && text != "" {
			t.Errorf("%v: said %q, want %q", c.args, text, c.said)
		}
		cancel(nil)
	}
}

// failing is an output that can't be written to.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
