package console

import "testing"

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{"": "", "é 'x'": "é 'x'", "a\nb\r\tc": `a\nb\r\tc`, "\x1b[31m": `\x1b[31m`, "a\u0085b": `a\u0085b`} {
		if got := OneLine(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
