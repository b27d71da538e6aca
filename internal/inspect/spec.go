package inspect

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// field is what Benthos knows of a setting: its name, what may stand there, and
// what it holds.
type field struct {
	Name        string           `json:"name"`
	Type        string           `json:"type"`
	Kind        string           `json:"kind"`
	Options     []string         `json:"options"`
	Annotated   [][2]string      `json:"annotated_options"`
	Children    []field          `json:"children"`
	Default     *json.RawMessage `json:"default"`
	Examples    []any            `json:"examples"`
	Linter      string           `json:"linter"`
	Optional    bool             `json:"is_optional"`
	Deprecated  bool             `json:"is_deprecated"`
	Secret      bool             `json:"is_secret"`
	Bloblang    bool             `json:"bloblang"`
	Description string           `json:"description"`
}

// The kinds of fields; anything else is one value.
const (
	kindMap   = "map"
	kindList  = "array"
	kindLists = "2darray"
)

func (f field) child(name string) (field, bool) {
	for _, c := range f.Children {
		if c.Name == name {
			return c, true
		}
	}
	return field{}, false
}

// one is the field of an element.
func (f field) one() field {
	switch f.Kind {
	case kindLists:
		f.Kind = kindList
	default:
		f.Kind = "scalar"
	}
	return f
}

// words are the values that the field takes; nil where it takes any.
func (f field) words() []string {
	words := slices.Clone(f.Options)
	for _, a := range f.Annotated {
		words = append(words, a[0])
	}
	return words
}

// names are those of its children.
func (f field) names() []string {
	names := make([]string, len(f.Children))
	for i, c := range f.Children {
		names[i] = c.Name
	}
	return names
}

// component is a plugin of Benthos.
type component struct {
	Name   string `json:"name"`
	Config field  `json:"config"`
}

// spec is everything that a configuration may hold.
type spec struct {
	root       field
	components map[string]map[string]field // by type and name
}

// lists are where the schema of Benthos keeps the components of a type.
var lists = map[string]string{
	"buffer": "buffers", "cache": "caches", "input": "inputs", "output": "outputs", "processor": "processors",
	"rate_limit": "rate-limits", "metrics": "metrics", "tracer": "tracers", "scanner": "scanners",
}

// specFor is the schema of Benthos with templates, if there are any.
func specFor(templates []string) (*spec, error) {
	if len(templates) == 0 {
		return specWithout()
	}
	return readSpec()
}

var specWithout = sync.OnceValues(readSpec)

// readSpec asks Benthos for its schema, with all that is registered by now.
func readSpec() (*spec, error) {
	text, err := schemaOf().MarshalJSONV0()
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	s := &spec{root: field{Type: "object"}, components: map[string]map[string]field{}}
	if err := json.Unmarshal(all["config"], &s.root.Children); err != nil {
		return nil, err
	}
	for kind, list := range lists {
		var found []component
		if text := all[list]; text != nil {
			if err := json.Unmarshal(text, &found); err != nil {
				return nil, err
			}
		}
		s.components[kind] = map[string]field{}
		for _, c := range found {
			s.components[kind][c.Name] = c.Config
		}
	}
	return s, nil
}

func schemaOf() *service.ConfigSchema { return service.GlobalEnvironment().FullConfigSchema("", "") }

// at is the field of a path, whose steps are keys and numbers of elements.
func (s *spec) at(path []string) (field, bool) {
	f := s.root
	for _, step := range path {
		if f.Kind == kindMap || f.Kind == kindList || f.Kind == kindLists {
			f = f.one()
			continue
		}
		if of, isComponent := s.components[f.Type]; isComponent {
			inner, ok := of[step]
			if !ok {
				inner, ok = reserved(f.Type)[step]
			}
			if !ok {
				return field{}, false
			}
			f = inner
			continue
		}
		inner, ok := f.child(step)
		if !ok {
			return field{}, false
		}
		f = inner
	}
	return f, true
}

func (s *spec) isList(path []string) bool {
	f, ok := s.at(path)
	return ok && (f.Kind == kindList || f.Kind == kindLists)
}

// reserved are the settings beside a component's name.
func reserved(kind string) map[string]field {
	all := map[string]field{"type": {Type: "string"}, "plugin": {Type: "unknown"}, "meta": {Type: "unknown"}}
	switch kind {
	case "input", "output":
		all["processors"] = field{Name: "processors", Type: "processor", Kind: kindList}
		all["label"] = field{Name: "label", Type: "string"}
	case "processor", "cache", "rate_limit":
		all["label"] = field{Name: "label", Type: "string"}
	case "metrics":
		all["mapping"] = field{Name: "mapping", Type: "string"}
	}
	return all
}

// named are the names of the components of a type.
func (s *spec) named(kind string) []string {
	return slices.Sorted(maps.Keys(s.components[kind]))
}

// nearest is the name that somebody may have meant who wrote another one; empty where
// none is near.
func nearest(wrote string, names []string) string {
	best, least := "", len(wrote)/3+1
	w := bare(wrote)
	for _, name := range names {
		n := bare(name)
		switch d := distance(w, n); {
		case n == w:
			return name
		case d < least:
			best, least = name, d
		case best == "" && len(w) >= 4 && (strings.HasPrefix(n, w) || strings.HasSuffix(n, w)):
			best = name
		}
	}
	return best
}

// misspelt reports whether a word is a name but for some letters. One that is the
// beginning or the end of a name may be meant for something else.
func misspelt(wrote, name string) bool {
	return distance(bare(wrote), bare(name)) <= len(wrote)/3
}

// bare is a name without what separates its words.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// distance counts the letters to add, leave out, change or swap.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
