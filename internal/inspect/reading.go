package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// Request is which configuration to read, as the command line names it.
type Request struct {
	// Main is the path of the configuration; empty for none.
	Main string
	// Text is read instead of what is in that file, unless it is nil.
	Text []byte
	// Resources, Streams and Templates are paths and patterns, as -r, streams
	// and -t take them; Set are overrides of the main file, as --set takes them.
	Resources, Streams, Templates, Set []string
	// Lookup finds environment variables; nil means those of the process.
	Lookup func(string) (string, bool)
	// Deprecated and Labels ask for more lints, as the flags of lint do.
	Deprecated, Labels bool
}

// Reading is one reading of a configuration, which all subcommands and run
// share: what lint complains of, check tries and preview names is what run runs.
// It holds every mistake, each once and at its place.
type Reading struct {
	// Findings are mistakes and doubts, in the order of the files.
	Findings []Finding

	spec      *spec
	main      *yamlfile.File // the main configuration, empty where there is none
	files     []*yamlfile.File
	pipelines []*pipeline
	templates map[string]outputTemplate
	rules     map[string]bool // what the lint rule of the output says
	fixes     []placedFix
}

// pipeline is a stream: the main configuration, or a streams file.
type pipeline struct {
	surroundings
	name    string // of a stream
	main    *yamlfile.File
	fields  func(name string) (any, error)
	outputs []*Output
}

// errMissing stands for a field that a configuration does not have.
var errMissing = errors.New("not in this configuration")

// ReadConfig reads a configuration. The error says that a file cannot be read at
// all; what is wrong inside files are findings.
func ReadConfig(q Request) (*Reading, error) {
	if q.Lookup == nil {
		q.Lookup = os.LookupEnv
	}
	s, err := specFor(q.Templates)
	if err != nil {
		return nil, fmt.Errorf("reading what Benthos knows of its components: %w", err)
	}
	r := &Reading{spec: s, rules: map[string]bool{}}
	if r.templates, err = readTemplates(q.Templates); err != nil {
		return nil, err
	}
	main, err := r.mainFile(q)
	if err != nil {
		return nil, err
	}
	r.main = main
	resources, err := r.filesOf(q, expand(q.Resources))
	if err != nil {
		return nil, err
	}
	streams, err := r.filesOf(q, streamFiles(q.Streams))
	if err != nil {
		return nil, err
	}
	shared := append([]*yamlfile.File{main}, resources...)
	if len(streams) == 0 {
		r.pipelines = append(r.pipelines, newPipeline(main, "", shared))
	}
	for _, stream := range streams {
		r.pipelines = append(r.pipelines, newPipeline(stream, stream.Path, append([]*yamlfile.File{stream}, shared...)))
	}
	r.findOutputs()
	r.lint(q)
	return r, nil
}

// mainFile reads the main configuration; an empty one where there is none.
func (r *Reading) mainFile(q Request) (*yamlfile.File, error) {
	main := yamlfile.Read("", []byte("{}"), q.Lookup)
	if q.Main != "" {
		text := q.Text
		if text == nil {
			var err error
			if text, err = os.ReadFile(q.Main); err != nil {
				return nil, fmt.Errorf("reading the configuration: %w", err)
			}
		}
		main = yamlfile.Read(q.Main, text, q.Lookup)
		r.files = append(r.files, main)
	}
	r.override(main, q.Set)
	return main, nil
}

// override applies what the command line sets.
func (r *Reading) override(main *yamlfile.File, set []string) {
	for _, override := range set {
		path, _, _ := strings.Cut(override, "=")
		if err := main.Set(override, r.spec.isList); err != nil {
			r.Findings = append(r.Findings, Finding{File: main.Path, Place: yamlfile.Place{Set: override}, Setting: path, Text: err.Error()})
		}
	}
}

func (r *Reading) filesOf(q Request, paths []string) ([]*yamlfile.File, error) {
	var files []*yamlfile.File
	for _, path := range paths {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("reading the configuration: %w", err)
		}
		files = append(files, yamlfile.Read(path, text, q.Lookup))
	}
	r.files = append(r.files, files...)
	return files, nil
}

// ReadText reads a configuration that is no file.
func ReadText(name, text string) (*Reading, error) {
	s, err := specFor(nil)
	if err != nil {
		return nil, err
	}
	r := &Reading{spec: s, rules: map[string]bool{}}
	f := yamlfile.Read(name, []byte(text), os.LookupEnv)
	r.main, r.files = f, []*yamlfile.File{f}
	r.pipelines = []*pipeline{newPipeline(f, "", r.files)}
	r.findOutputs()
	r.lint(Request{})
	return r, nil
}

// newPipeline puts a stream together: what it is made of stands in its own file,
// resources in all of them.
func newPipeline(main *yamlfile.File, name string, files []*yamlfile.File) *pipeline {
	p := &pipeline{name: name, main: main}
	p.fields = func(key string) (any, error) {
		var value any
		if !strings.HasSuffix(key, "_resources") {
			value = main.Value(key)
		} else {
			var all []any
			for _, f := range files {
				list, _ := f.Value(key).([]any)
				all = append(all, list...)
			}
			if len(all) > 0 {
				value = all
			}
		}
		if value == nil {
			return nil, errMissing
		}
		return value, nil
	}
	p.surroundings = around(p.fields)
	return p
}

// Mistakes are the findings with which a configuration does not run.
func (r *Reading) Mistakes() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Doubt })
}

// Doubts are the findings with which it runs all the same.
func (r *Reading) Doubts() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return !f.Doubt })
}

// Serious are the mistakes but for environment variables that are not set, which
// may be where the configuration is to run.
func (r *Reading) Serious() []Finding {
	return slices.DeleteFunc(r.Mistakes(), func(f Finding) bool { return f.unset })
}

// Outputs are all s3_destination outputs.
func (r *Reading) Outputs() []*Output {
	var all []*Output
	for _, p := range r.pipelines {
		for _, o := range p.outputs {
			if !slices.ContainsFunc(all, func(other *Output) bool { return other.file == o.file && other.path == o.path }) {
				all = append(all, o)
			}
		}
	}
	return all
}

// Output is the one s3_destination; where there are several, label says which.
func (r *Reading) Output(label string) (*Output, error) {
	all := r.Outputs()
	if label != "" {
		all = slices.DeleteFunc(all, func(o *Output) bool { return o.Label != label })
	}
	switch {
	case len(all) > 1:
		var labels []string
		for _, o := range all {
			labels = append(labels, o.Label)
		}
		return nil, fmt.Errorf("%d %s outputs are configured: choose one by its label, among %q", len(all), config.Name, labels)
	case len(all) == 0 && label != "":
		return nil, fmt.Errorf("no %s output with the label %q is configured", config.Name, label)
	case len(all) == 0:
		return nil, errors.New("no " + config.Name + " output is configured")
	}
	if all[0].conf == nil {
		return nil, fmt.Errorf("the %s output cannot be read: s3-destination lint says what is wrong with it", config.Name)
	}
	return all[0], errors.Join(all[0].wrong...)
}

// tidy puts findings in order, each once.
func tidy(all []Finding) []Finding {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	said := map[string]bool{}
	return slices.DeleteFunc(all, func(f Finding) bool {
		again := said[f.String()]
		said[f.String()] = true
		return again
	})
}
