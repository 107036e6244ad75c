package check

import (
	"strings"
	"testing"
)

// Panics fails the test unless f panics with a string that contains the message: an
// index that is out of range, for example, says nothing to a caller.
func Panics(t *testing.T, name, message string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if text, ok := recover().(string); !ok || !strings.Contains(text, message) {
			t.Errorf("%s: panic %q, want one with %q", name, text, message)
		}
	}()
	f()
}
