package inspect

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// lint fills in the findings: of the YAML, of Benthos, of the outputs, and of
// what is around these.
func (r *Reading) lint(q Request) {
	shapes := map[*yamlfile.File][]misshapen{}
	for _, f := range r.files {
		found := compare(r.spec, f)
		shapes[f] = found.found
		r.fixes = append(r.fixes, found.fixes...)
	}
	if len(r.files) == 0 { // everything is from --set
		for _, p := range r.pipelines {
			shapes[p.main] = compare(r.spec, p.main).found
		}
	}
	for _, o := range r.Outputs() {
		r.add(o.file, r.read(o, shapes[o.file]))
	}
	for _, p := range r.pipelines {
		for _, o := range p.outputs { // resources are found once for each stream
			if same := r.sameOutput(o); same != nil {
				o.conf = same.conf
			}
		}
	}
	for f, found := range shapes {
		r.add(f, r.ofBenthos(f, found, q))
		r.add(f, problemsOf(f))
	}
	r.lintAddresses()
	for _, p := range r.pipelines {
		_, against := p.exactly()
		for _, o := range against {
			one := p.doubt(o.text)
			one.Doubt = false
			r.add(p.main, []Finding{one})
		}
		doubts := p.doubts()
		if len(r.Mistakes()) == 0 {
			doubts = append(doubts, p.sizeDoubts(true)...)
		}
		for _, text := range doubts {
			r.add(p.main, []Finding{p.doubt(text)})
		}
	}
	r.Findings = tidy(r.Findings)
}

func (r *Reading) sameOutput(o *Output) *Output {
	for _, other := range r.Outputs() {
		if other.file == o.file && other.path == o.path {
			return other
		}
	}
	return nil
}

// add notes findings, but none that an environment variable without a value
// explains, and none of a file that asks for no lints beyond what cannot run.
func (r *Reading) add(f *yamlfile.File, found []Finding) {
	for _, one := range found {
		explained := slices.ContainsFunc(f.Unset, func(v yamlfile.Variable) bool {
			return v.Line == one.Line && one.Set == "" || v.Setting != "" && strings.Contains(one.Text, v.Setting)
		}) ||
			slices.ContainsFunc(f.Problems, func(p yamlfile.Problem) bool { return p.Line == one.Line && one.Set == "" })
		if !explained || one.unset || one.yaml {
			r.Findings = append(r.Findings, one)
		}
	}
}

// problemsOf are the mistakes of the YAML itself.
func problemsOf(f *yamlfile.File) []Finding {
	var found []Finding
	for _, p := range f.Problems {
		found = append(found, Finding{File: f.Path, Place: p.Place, Setting: p.Setting, Text: p.Text, yaml: true})
	}
	said := map[string]bool{}
	for _, v := range f.Unset {
		if said[v.Name] {
			continue
		}
		said[v.Name] = true
		found = append(found, Finding{
			File: f.Path, Place: v.Place, Setting: v.Setting, unset: true,
			Text: fmt.Sprintf("\"${%s}\" is an environment variable that is not set: set it, load a file that does with -e, or write a default, ${%s:default}", v.Name, v.Name),
		})
	}
	return found
}

// ofBenthos are the lints of Benthos, told in our words where these have more to
// say, and what it does not notice before the pipeline starts.
func (r *Reading) ofBenthos(f *yamlfile.File, shapes []misshapen, q Request) []Finding {
	var found []Finding
	lints := r.lintsOf(f, q)
	used := make([]bool, len(lints))
	for _, m := range shapes {
		confirmed := m.ours
		for i, l := range lints {
			if kindOf(l.Lint) == m.lint && l.Line == m.line {
				used[i], confirmed = true, true
			}
		}
		if confirmed {
			found = append(found, r.relative(f, m))
		}
	}
	// Benthos looks at what an alias stands for, and not with what it is used.
	followed := slices.ContainsFunc(shapes, func(m misshapen) bool { return m.alias })
	for i, l := range lints {
		if used[i] || followed && kindOf(l.Lint) != service.LintBadBloblang || kindOf(l.Lint) == service.LintMissingEnvVar || r.rules[l.What] || f.Unlinted {
			continue
		}
		if one := r.worded(f, l); !slices.ContainsFunc(r.Findings, func(other Finding) bool { return other.File == f.Path && other.Line == one.Line && !other.Doubt }) {
			found = append(found, one)
		}
	}
	return found
}

// kindOf is the type of a lint. Benthos gives values that are not among a
// setting's words the type of variables that are missing.
func kindOf(l service.Lint) service.LintType {
	if strings.Contains(l.What, "is not a valid option") {
		return service.LintInvalidOption
	}
	return l.Type
}

// relative names the setting of an s3_destination without the way to it.
func (r *Reading) relative(f *yamlfile.File, m misshapen) Finding {
	for _, o := range r.Outputs() {
		if setting, inside := strings.CutPrefix(m.path, o.path+"."); inside && o.file == f {
			m.Setting = setting
		}
	}
	return m.Finding
}

// placed is a lint of Benthos; set is the override that it is about, if any.
type placed struct {
	service.Lint
	set string
}

// lintsOf asks Benthos. The lines are those of the file.
func (r *Reading) lintsOf(f *yamlfile.File, q Request) []placed {
	if f.Root == nil {
		return nil
	}
	text, lines, err := f.Written()
	if err != nil {
		return nil
	}
	linter := schemaOf().NewStreamConfigLinter().SetRejectDeprecated(q.Deprecated).SetRequireLabels(q.Labels).
		SetEnvVarLookupFunc(func(_ context.Context, name string) (string, bool) { return "${" + name + "}", true })
	lints, err := linter.LintYAML(text)
	if err != nil {
		return nil
	}
	all := make([]placed, len(lints))
	for i, l := range lints {
		at, ok := lines[l.Line]
		if ok {
			l.Line = at.Line
		}
		if m := atLine.FindStringSubmatch(l.What); m != nil && l.Type == service.LintDuplicateLabel {
			n, _ := strconv.Atoi(m[1])
			l.What = atLine.ReplaceAllString(l.What, fmt.Sprintf("at line %d", lines[n].Line))
		}
		all[i] = placed{l, at.Set}
	}
	return all
}

var atLine = regexp.MustCompile(`at line (\d+)`)

// worded is a lint that Benthos alone knows.
func (r *Reading) worded(f *yamlfile.File, l placed) Finding {
	path := f.PathAt(l.Line, kindOf(l.Lint) == service.LintBadBloblang)
	one := Finding{File: f.Path, Place: f.Find(path), Setting: path, Text: l.What}
	if path == "" {
		one.Place = yamlfile.Place{Line: l.Line, Column: max(l.Column, 1)}
		one.Setting = "configuration"
	}
	if l.set != "" {
		one.Place = yamlfile.Place{Set: l.set}
		one.Setting, _, _ = strings.Cut(l.set, "=")
	}
	switch kindOf(l.Lint) {
	case service.LintInvalidOption:
		one.Text = l.What + ": write one that the reference of that component lists"
	case service.LintBadBloblang:
		one.Text = "is no valid Bloblang, " + l.What + ": correct it there, s3-destination blobl tries expressions"
	case service.LintBadLabel:
		one.Text = l.What + ": write small letters, digits, _ and -"
	case service.LintDuplicateLabel:
		one.Text = l.What + ": give each component a label of its own"
	case service.LintMissingLabel:
		one.Text = l.What + ": write label: name beside it"
	case service.LintDeprecated:
		one.Text = l.What + ": write what the reference names instead of it"
	default:
		if !strings.Contains(l.What, ":") {
			one.Text = l.What + ": change it as the reference of that component says"
		}
	}
	return one
}

// doubt is a finding about what is around an output.
func (p *pipeline) doubt(text string) Finding {
	place := yamlfile.Place{Line: 1, Column: 1}
	if len(p.outputs) > 0 && p.outputs[0].file == p.main {
		place = p.main.Find(p.outputs[0].path)
	}
	setting, rest := splitSetting(text)
	if strings.HasPrefix(setting, "input.") {
		place = p.main.Find(setting)
	}
	return Finding{File: p.main.Path, Place: place, Setting: setting, Text: rest, Doubt: true}
}
