// Package yamlfile reads a configuration file as Benthos does, and keeps what
// Benthos throws away: where each value stands, which environment variables are
// not set, and what is wrong with the YAML itself, in words that say what to
// write instead.
package yamlfile

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// File is a configuration file, read once. Its tree is that of the file with
// environment variables replaced; nil where it cannot be read.
type File struct {
	Path string
	Root *yaml.Node
	// Text is what the tree was made of: the file with variables replaced, and
	// with lines mended that are no YAML.
	Text []byte
	// Problems are mistakes of the YAML itself, each at one place.
	Problems []Problem
	// Unset are the environment variables that have no value, in order.
	Unset []Variable
	// Unlinted says that the file asks Benthos not to lint it.
	Unlinted bool

	places map[*yaml.Node]Place // of nodes that are not from the file
	names  []named
}

// Problem is a mistake at a place.
type Problem struct {
	Place
	// Setting is the key at that place, empty where there is none.
	Setting string
	// Text says what is wrong, and what to write.
	Text string
}

// Place is where something stands. A value that the command line sets stands
// there, and not in the file.
type Place struct {
	Line, Column int
	Set          string // as in --set
}

// Read reads the text of a file. lookup finds environment variables.
func Read(path string, text []byte, lookup func(string) (string, bool)) *File {
	f := &File{Path: path, places: map[*yaml.Node]Place{}}
	f.Text = f.replaceVariables(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), lookup)
	f.Unlinted = bytes.HasPrefix(f.Text, []byte("# BENTHOS LINT DISABLE"))
	f.parse()
	f.checkRoot()
	f.findDuplicates(f.Root)
	return f
}

// parse makes the tree. Lines that are no YAML, for reasons that are known, are
// mended, so that what else is wrong is found in the same run.
func (f *File) parse() {
	for range 50 {
		var root yaml.Node
		err := yaml.Unmarshal(f.Text, &root)
		if err == nil {
			f.Root = &root
			if root.Kind == yaml.DocumentNode && len(root.Content) > 0 {
				f.Root = root.Content[0]
			}
			return
		}
		if !f.mend(err) {
			f.unreadable(err)
			return
		}
	}
}

var lineOf = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// unreadable says what YAML says.
func (f *File) unreadable(err error) {
	line, what := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineOf.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		what = m[2]
	}
	if n := f.misindented(); n > 0 {
		text := strings.TrimSpace(f.line(n))
		key, _, _ := strings.Cut(text, ":")
		f.Problems = append(f.Problems, Problem{Place: Place{Line: n, Column: 1}, Setting: strings.TrimPrefix(key, "- "), Text: fmt.Sprintf("%q is indented as no line before it that it could belong to: indent it like its neighbours", text)})
		return
	}
	text := strings.TrimSpace(f.line(line))
	key, _, _ := strings.Cut(text, ":")
	f.Problems = append(f.Problems, Problem{
		Place: Place{Line: line, Column: 1}, Setting: strings.TrimPrefix(key, "- "),
		Text: fmt.Sprintf("%q, or a line next to it, is no YAML (%s): write key: value with a space after the colon, indent what belongs together by the same number of spaces, and put text with special characters into 'quotes'", text, what),
	})
}

// misindented is the first line whose indentation ends no group of lines before
// it; 0 where there is none.
func (f *File) misindented() int {
	levels := []int{0}
	for i, line := range strings.Split(string(f.Text), "\n") {
		text := strings.TrimLeft(line, " ")
		if strings.TrimSpace(text) == "" || text[0] == '#' {
			continue
		}
		indent := len(line) - len(text)
		deeper := indent > levels[len(levels)-1]
		for levels[len(levels)-1] > indent {
			levels = levels[:len(levels)-1]
		}
		if levels[len(levels)-1] == indent {
			continue
		}
		if !deeper {
			return i + 1
		}
		levels = append(levels, indent)
	}
	return 0
}

// checkRoot refuses a file that has no settings.
func (f *File) checkRoot() {
	switch {
	case f.Root == nil:
	case f.Root.Kind == 0 || f.Root.ShortTag() == "!!null":
		f.Root = nil
		f.Problems = append(f.Problems, Problem{Place: Place{Line: 1, Column: 1}, Setting: "output", Text: "is missing, as is everything else, because the file is empty: write input and output"})
	case f.Root.Kind != yaml.MappingNode:
		f.Problems = append(f.Problems, Problem{Place: place(f.Root), Setting: "output", Text: "is missing, because the file is " + Kind(f.Root) + ": write settings, each as key: value, beginning with input and output"})
		f.Root = nil
	}
}

// findDuplicates refuses keys that are written twice: which of them counts
// depends on who reads the file.
func (f *File) findDuplicates(n *yaml.Node) {
	if n == nil {
		return
	}
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			f.findDuplicates(c)
		}
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if before := first[key.Value]; before != nil && key.Kind == yaml.ScalarNode {
			f.Problems = append(f.Problems, Problem{
				Place: place(key), Setting: key.Value,
				Text: fmt.Sprintf("is written twice, here and in line %d: remove one of them", before.Line),
			})
		} else {
			first[key.Value] = key
		}
		f.findDuplicates(n.Content[i+1])
	}
}

// line is the text of a line, which counts from 1.
func (f *File) line(n int) string {
	lines := strings.Split(string(f.Text), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSuffix(lines[n-1], "\r")
}

// Kind says what a node is, for people.
func Kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a group of settings"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.DocumentNode, yaml.ScalarNode:
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

func place(n *yaml.Node) Place { return Place{Line: n.Line, Column: n.Column} }
