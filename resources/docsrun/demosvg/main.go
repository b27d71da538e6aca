// Command demosvg draws what `make demo` prints, for README.md:
//
//	go run ./cmd/demo | go run ./resources/docsrun/demosvg > docs/images/demo.svg
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/s3-destination/s3-destination/resources/docsrun"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil || len(text) == 0 {
		fmt.Fprintln(os.Stderr, "demosvg: nothing to draw:", err)
		os.Exit(1)
	}
	lines := append([]string{"$ make demo", ""}, docsrun.Transcript(string(text))...)
	if _, err := os.Stdout.WriteString(docsrun.SVG(lines)); err != nil {
		fmt.Fprintln(os.Stderr, "demosvg:", err)
		os.Exit(1)
	}
}
