package inspect

import (
	"fmt"
	"os"
	"strings"

	"github.com/s3-destination/s3-destination/internal/sizing"
)

// Extent is how much an input has that ends by itself.
type Extent struct {
	// Records and Bytes are 0 where they are not known; Bytes are those of lines.
	Records, Bytes int64
}

// Extent tells how much the input of the only pipeline has. It is false where there are
// several, and for inputs that go on for ever. How much is known only where nothing
// stands between the input and the output that may change it.
func (r *Reading) Extent(stdin *os.File) (e Extent, ends bool) {
	if len(r.pipelines) != 1 {
		return e, false
	}
	value, err := r.pipelines[0].fields("input")
	if err != nil {
		return e, false
	}
	e, ends = extentOf(sizing.Plain(value), stdin)
	if sizing.InputIn(r.pipelines[0].fields).Parsed {
		e = Extent{}
	}
	return e, ends
}

// extentOf is that of an input.
func extentOf(input any, stdin *os.File) (Extent, bool) {
	kinds, _ := input.(map[string]any)
	for kind, value := range kinds {
		settings, _ := value.(map[string]any)
		switch kind {
		case "batched":
			return extentOf(settings["child"], stdin)
		case "generate":
			count := sizing.Number(settings["count"], 0)
			return Extent{Records: int64(count)}, count > 0
		case "csv":
			return Extent{}, true
		case "file":
			return Extent{Bytes: sizeOf(settings["paths"], settings["scanner"])}, true
		case "stdin":
			var e Extent
			if info, err := stdin.Stat(); err == nil && info.Mode().IsRegular() && byLines(settings["scanner"]) {
				e.Bytes = info.Size()
			}
			return e, true
		}
	}
	return Extent{}, false
}

// byLines reports whether a scanner makes a record of each line as it is.
func byLines(scanner any) bool {
	if scanner == nil {
		return true
	}
	kinds, _ := scanner.(map[string]any)
	for _, kind := range []string{"lines", sizing.OwnScanner} {
		if settings, ok := kinds[kind].(map[string]any); ok && len(settings) == 0 {
			return true
		}
	}
	return false
}

// sizeOf is the size of files that are read line by line; 0 where that is not known.
func sizeOf(paths, scanner any) (size int64) {
	if !byLines(scanner) {
		return 0
	}
	var patterns []string
	list, _ := paths.([]any)
	for _, p := range list {
		patterns = append(patterns, fmt.Sprint(p))
	}
	for _, path := range expand(patterns) {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst") {
			return 0 // records have another size than what they are compressed to
		}
		size += info.Size()
	}
	return size
}
