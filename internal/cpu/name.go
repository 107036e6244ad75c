package cpu

import (
	"os"
	"runtime"
	"strings"
)

// Name returns what the processor calls itself, if the system says it, or else its
// architecture.
func Name() string {
	content, err := os.ReadFile("/proc/cpuinfo") // Linux alone has it
	if err != nil {
		return runtime.GOARCH
	}
	return nameIn(string(content))
}

func nameIn(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if key, name, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" && strings.TrimSpace(name) != "" {
			return strings.TrimSpace(name)
		}
	}
	return runtime.GOARCH
}
