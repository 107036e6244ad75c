package train_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeQuotesTheExample keeps the README's program one that compiles and runs.
func TestReadmeQuotesTheExample(t *testing.T) {
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	start := strings.Index(string(example), "func fry(")
	if start < 0 {
		t.Fatal("example_test.go has no function fry")
	}
	program, _, _ := strings.Cut(string(example)[start:], "\n}\n")
	if !strings.Contains(string(readme), "```go\n"+program+"\n}\n```\n") {
		t.Errorf("README.md does not quote the function fry of example_test.go:\n%s\n}", program)
	}
}
