package inspect

import (
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// component looks at an input, a processor, an output and so on.
func (w *shapes) component(kind, path string, n *yaml.Node) {
	if w.referenced(n, path) {
		return
	}
	if n.Kind != yaml.MappingNode {
		w.say(misshapen{ours: true}, n, path, "%sis %s, and a component is wanted: write %s: {name: {...}}, with one of %s", shown(n, field{}), yamlfile.Kind(n), lastOf(path), strings.Join(some(w.spec.named(kind)), ", "))
		return
	}
	name, at := w.nameOf(kind, path, n)
	if name == "" {
		return
	}
	beside := reserved(kind)
	config := w.spec.components[kind][name]
	if at != nil {
		w.field(config, yamlfile.Join(path, name), at)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == name || key.Tag == "!!merge" {
			continue
		}
		full := yamlfile.Join(path, key.Value)
		if f, ok := beside[key.Value]; ok {
			w.field(f, full, value)
			continue
		}
		m := misshapen{lint: service.LintUnknown, line: w.line(key)}
		if _, its := config.child(key.Value); its {
			w.say(m, key, full, "%sis a setting of %s, and stands beside it: move it below %s, as %s.%s", shown(value, field{}), name, name, name, key.Value)
		} else {
			w.say(m, key, full, "%sis no setting that stands beside %s: remove it, or move it to where it belongs", shown(value, field{}), name)
		}
	}
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// nameOf is which component it is, and its configuration.
func (w *shapes) nameOf(kind, path string, n *yaml.Node) (string, *yaml.Node) {
	known, beside := w.spec.components[kind], reserved(kind)
	if t := yamlfile.Child(n, "type"); t != nil {
		if _, ok := known[t.Value]; ok {
			return t.Value, yamlfile.Child(n, t.Value)
		}
		w.noComponent(kind, yamlfile.Join(path, "type"), t, t.Value, misshapen{lint: service.LintComponentNotFound, line: w.line(n)})
		return "", nil
	}
	name, candidates := "", 0
	var at, unknown *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			w.merge(path, key)
			return "", nil
		}
		if _, ok := beside[key.Value]; ok {
			continue
		}
		candidates++
		if _, ok := known[key.Value]; !ok {
			unknown = key
			continue
		}
		if name != "" {
			w.say(misshapen{lint: service.LintComponentMissing, line: w.line(n)}, key, yamlfile.Join(path, key.Value), "stands beside %s, and a place has one %s: remove one of them, or put both into a broker", name, kind)
			return "", nil
		}
		name, at = key.Value, n.Content[i+1]
	}
	switch m := (misshapen{lint: service.LintComponentMissing, line: w.line(n)}); {
	case name != "":
	case candidates == 0 && len(n.Content) == 0:
	case candidates == 0:
		w.say(m, n, path, "names no %s: write one of %s", kind, strings.Join(some(w.spec.named(kind)), ", "))
	default:
		w.noComponent(kind, yamlfile.Join(path, unknown.Value), unknown, unknown.Value, m)
	}
	return name, at
}

// noComponent reports a name that no component has.
func (w *shapes) noComponent(kind, path string, at *yaml.Node, name string, m misshapen) {
	if kind == "output" && (name == "s3" || strings.Contains(name, "s3dest") || name == "aws_s3") {
		if misspelt(name, config.Name) {
			w.fix(at, config.Name)
		}
		w.say(m, at, path, "is no %s of this program: write s3_destination (did you mean s3_destination?)", kind)
		return
	}
	if near := nearest(name, w.spec.named(kind)); near != "" {
		if misspelt(name, near) {
			w.fix(at, near)
		}
		w.say(m, at, path, "is no %s: write %s (did you mean %s?)", kind, near, near)
		return
	}
	w.say(m, at, path, "is no %s of this program: write one of those that `s3-destination list %ss` shows", kind, strings.TrimSuffix(kind, "s"))
}
