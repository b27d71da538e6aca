package docsrun

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Fence is a fenced block of a page.
type Fence struct {
	// Page is the path of the page below the root of the repository, and Line
	// the line of the page on which the fence begins.
	Page string
	Line int
	// Lang is the first word after the fence, empty when there is none.
	Lang string
	// Text is what is between the fences.
	Text string
	// Heading is the nearest heading above.
	Heading string
}

// String says where the fence is.
func (f Fence) String() string { return fmt.Sprintf("%s:%d", f.Page, f.Line) }

// Pages lists the pages at the root and everything below docs, as paths below
// root.
func Pages(root string) ([]string, error) {
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".md") {
			return err
		}
		rel, err := filepath.Rel(root, path)
		pages = append(pages, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(pages)
	return pages, err
}

// Fences reads the fences of all pages, in order.
func Fences(root string) ([]Fence, error) {
	pages, err := Pages(root)
	if err != nil {
		return nil, err
	}
	var all []Fence
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			return nil, err
		}
		found, err := parse(page, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// parse finds the fences of one page. A fence may be indented, as part of a
// list; its text is then too.
func parse(page, text string) ([]Fence, error) {
	var all []Fence
	var open *Fence
	var body []string
	indent, heading := "", ""
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		if !strings.HasPrefix(trimmed, "```") {
			if open != nil {
				body = append(body, strings.TrimPrefix(line, indent))
			} else if strings.HasPrefix(line, "#") {
				heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
			}
			continue
		}
		if open == nil {
			lang, _, _ := strings.Cut(strings.TrimLeft(trimmed, "`"), " ")
			open, body, indent = &Fence{Page: page, Line: i + 1, Lang: lang, Heading: heading}, nil, line[:len(line)-len(trimmed)]
			continue
		}
		open.Text = strings.Join(body, "\n") + "\n"
		all = append(all, *open)
		open = nil
	}
	if open != nil {
		return nil, fmt.Errorf("%s: the fence is never closed", open)
	}
	return all, nil
}
