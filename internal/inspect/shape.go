package inspect

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// shapes compares a file with what Benthos knows of its components. Benthos does
// so too, and is the judge of what is a mistake; this says which setting it is,
// and what to write.
type shapes struct {
	spec  *spec
	file  *yamlfile.File
	found []misshapen
	fixes []placedFix
}

// misshapen is a finding about names and types.
type misshapen struct {
	Finding
	path string // inside the file
	// lint and line tell what Benthos says of it; ours it does not say at all,
	// and fails on when the pipeline starts, or ignores what is written.
	lint service.LintType
	line int
	ours bool
	// alias is for what Benthos follows in lint and not when it runs.
	alias bool
}

func compare(s *spec, file *yamlfile.File) *shapes {
	w := &shapes{spec: s, file: file}
	if file.Root != nil {
		w.children(s.root, "", "the configuration", file.Root)
	}
	return w
}

func (w *shapes) say(m misshapen, at *yaml.Node, path, format string, args ...any) {
	m.File, m.Place, m.path, m.Setting, m.Text = w.file.Path, w.file.Place(at), path, path, fmt.Sprintf(format, args...)
	w.found = append(w.found, m)
}

// referenced reports an alias, which Benthos does not follow where it expects
// settings or lists.
func (w *shapes) referenced(n *yaml.Node, path string) bool {
	if n.Kind != yaml.AliasNode {
		return false
	}
	if n.Alias != nil && n.Alias.Kind != yaml.ScalarNode {
		w.say(misshapen{ours: true, alias: true}, n, path, "%q is an alias for %s, which is not followed when the pipeline runs, so that all of it would be ignored: write it out here", "*"+n.Value, yamlfile.Kind(n.Alias))
	}
	return true
}

// children looks at the settings of an object.
func (w *shapes) children(f field, path, of string, n *yaml.Node) {
	if w.referenced(n, path) {
		return
	}
	if n.Kind != yaml.MappingNode {
		w.notAnObject(f, path, n)
		return
	}
	missing := map[string]field{}
	for _, c := range f.Children {
		missing[c.Name] = c
	}
	merged := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			merged = true
			w.merge(path, key)
			continue
		}
		c, ok := f.child(key.Value)
		if !ok {
			w.unknown(f, path, of, key, value)
			continue
		}
		delete(missing, key.Value)
		w.field(c, yamlfile.Join(path, key.Value), value)
	}
	for _, c := range f.Children {
		if _, is := missing[c.Name]; is && !merged && w.required(c) {
			w.say(misshapen{lint: service.LintMissing, line: w.line(n)}, n, yamlfile.Join(path, c.Name), "is missing: write it%s", forExample(c))
		}
	}
}

// line is that which Benthos gives a node.
func (w *shapes) line(n *yaml.Node) int { return w.file.Place(n).Line }

func (w *shapes) merge(path string, key *yaml.Node) {
	w.say(misshapen{ours: true, alias: true}, key, yamlfile.Join(path, "<<"), "is a YAML merge key, which is ignored when the pipeline runs: write the settings out here")
}

func (w *shapes) required(c field) bool {
	_, isComponent := w.spec.components[c.Type]
	return !c.Optional && !c.Deprecated && c.Default == nil && !isComponent && (c.Kind == "" || c.Kind == "scalar") && len(c.Children) == 0
}

// forExample shows how a setting is written.
func forExample(f field) string {
	if words := f.words(); len(words) > 0 {
		return ", one of " + strings.Join(words, ", ")
	}
	if len(f.Examples) == 0 {
		return ""
	}
	text, err := json.Marshal(f.Examples[0])
	if err != nil {
		return ""
	}
	return fmt.Sprintf(", for example %s: %s", f.Name, strings.Trim(string(text), `"`))
}

// unknown reports a setting that is none.
func (w *shapes) unknown(f field, path, of string, key, value *yaml.Node) {
	full := yamlfile.Join(path, key.Value)
	m := misshapen{lint: service.LintUnknown, line: w.line(key)}
	if hint := elsewhere(of, key.Value); hint != "" {
		if name, is := strings.CutPrefix(hint, "write "); is && slices.Contains(f.names(), name) {
			w.fix(key, name)
		}
		w.say(m, key, full, "%sis no setting of %s: %s", shown(value, field{}), of, hint)
		return
	}
	if near := nearest(key.Value, f.names()); near != "" {
		if misspelt(key.Value, near) {
			w.fix(key, near)
		}
		w.say(m, key, full, "%sis no setting of %s: write %s, or remove it (did you mean %s?)", shown(value, field{}), of, near, near)
		return
	}
	if nested := w.inside(f, key.Value); nested != "" {
		w.say(m, key, full, "%sis no setting of %s at this level: write it as %s", shown(value, field{}), of, nested)
		return
	}
	w.say(m, key, full, "%sis no setting of %s: remove it, or write one of %s", shown(value, field{}), of, strings.Join(some(f.names()), ", "))
}

// inside finds a setting of that name in a group.
func (w *shapes) inside(f field, name string) string {
	for _, c := range f.Children {
		if _, ok := c.child(name); ok && c.Kind != kindList {
			return c.Name + "." + name
		}
	}
	return ""
}

// some are the first of many names.
func some(names []string) []string {
	const most = 12
	if len(names) > most {
		return append(slices.Clone(names[:most]), "...")
	}
	return names
}

// shown is a value as it is written, for the beginning of a sentence; nothing
// where it is long, secret or not one value.
func shown(n *yaml.Node, f field) string {
	if n.Kind != yaml.ScalarNode || f.Secret || len(n.Value) > 120 || n.Value == "" || secretive.MatchString(n.Value) {
		return ""
	}
	return fmt.Sprintf("%q ", n.Value)
}

// secretive is a value that looks like a key, which may stand under a name that
// is misspelt.
var secretive = regexp.MustCompile(`^(?:A[KS]IA[A-Z0-9]*|[A-Za-z0-9/+=]{32,}|.*://[^/]*@.*)$`)

// field looks at the value of a setting.
func (w *shapes) field(f field, path string, n *yaml.Node) {
	switch f.Kind {
	case kindList, kindLists:
		if w.referenced(n, path) {
			return
		}
		if n.Kind != yaml.SequenceNode {
			if n.Kind == yaml.ScalarNode {
				w.list(n)
			}
			w.say(misshapen{lint: service.LintExpectedArray, line: w.line(n)}, n, path, "%sis %s, and a list is wanted: write %s", shown(n, f), yamlfile.Kind(n), asList(f, n))
			return
		}
		for i, c := range n.Content {
			w.field(f.one(), fmt.Sprintf("%s[%d]", path, i), c)
		}
		return
	case kindMap:
		if w.referenced(n, path) {
			return
		}
		if n.Kind != yaml.MappingNode {
			w.notAnObject(f, path, n)
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Tag == "!!merge" {
				w.merge(path, n.Content[i])
				continue
			}
			w.field(f.one(), yamlfile.Join(path, n.Content[i].Value), n.Content[i+1])
		}
		return
	}
	if _, is := w.spec.components[f.Type]; is {
		w.component(f.Type, path, n)
		return
	}
	if len(f.Children) > 0 {
		w.children(f, path, lastOf(path), n)
		return
	}
	w.value(f, path, n)
}

func asList(f field, n *yaml.Node) string {
	last := f.Name
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return fmt.Sprintf("%s: [%s]", last, element(n.Value))
	}
	return last + ": [first, second]"
}

// notAnObject reports something else where settings are wanted.
func (w *shapes) notAnObject(f field, path string, n *yaml.Node) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	write := name + ": {name: value}"
	if f.Kind != kindMap && len(f.Children) > 0 {
		first := f.Children[0]
		value := "value"
		switch {
		case n.Kind == yaml.ScalarNode && (first.Type == "bool" || slices.Contains(first.words(), n.Value)):
			value = n.Value
		case len(first.words()) > 0:
			value = first.words()[0]
		}
		write = fmt.Sprintf("%s: {%s: %s}", name, first.Name, value)
	}
	w.say(misshapen{lint: service.LintExpectedObject, line: w.line(n)}, n, path, "%sis %s, and a group of settings is wanted: write %s", shown(n, f), yamlfile.Kind(n), write)
}

// value looks at one value.
func (w *shapes) value(f field, path string, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		w.notAValue(f, path, n)
		return
	}
	m := misshapen{ours: true}
	switch f.Type {
	case "int":
		var i int
		if n.Decode(&i) != nil {
			w.unquote(n, &i)
			w.say(m, n, path, "%sis %s, and a whole number is wanted: write digits without quotes, such as %s: %s", shown(n, f), yamlfile.Kind(n), f.Name, number(f))
			return
		}
	case "float":
		var v float64
		if n.Decode(&v) != nil {
			w.unquote(n, &v)
			w.say(m, n, path, "%sis %s, and a number is wanted: write digits without quotes, such as %s: %s", shown(n, f), yamlfile.Kind(n), f.Name, number(f))
			return
		}
	case "bool":
		var b bool
		if n.Decode(&b) != nil {
			w.unquote(n, &b)
			w.say(m, n, path, "%sis %s, and true or false is wanted: write one of them, without quotes", shown(n, f), yamlfile.Kind(n))
			return
		}
	}
	w.comment(path, n)
	w.word(f, path, n)
	w.duration(f, path, n)
}

// comment reports text behind a #, which begins a comment, where it looks like a
// part of the value.
func (w *shapes) comment(path string, n *yaml.Node) {
	if n.Style != 0 || !strings.Contains(path, config.Name+".") || !gluedComment.MatchString(n.LineComment) {
		return
	}
	w.say(misshapen{ours: true}, n, path, "its value ends before the #, which begins a comment: put all of it into quotes, or write a space behind the #")
}

var gluedComment = regexp.MustCompile(`^#[^\s#]`)

func number(f field) string {
	if f.Default != nil && string(*f.Default) != `""` {
		return string(*f.Default)
	}
	return "10"
}

// notAValue reports a group or a list where a value is wanted.
func (w *shapes) notAValue(f field, path string, n *yaml.Node) {
	m := misshapen{lint: service.LintExpectedScalar, line: w.line(n)}
	switch f.Type {
	case "string", "int", "float", "bool":
	case "object":
		if n.Kind == yaml.SequenceNode {
			w.notAnObject(f, path, n)
		}
		return
	default:
		return
	}
	if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode {
		w.say(m, n, path, "begins with {{, which YAML takes for a group of settings: put the template into quotes, %s: '{{...}}'", f.Name)
		return
	}
	w.say(m, n, path, "is %s, and one value is wanted: write %s: value", yamlfile.Kind(n), f.Name)
}
