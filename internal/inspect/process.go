package inspect

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/yamlfile"
)

// local are the processors that need nothing but the record: preview runs them.
// Others ask a server, start a program, wait, or keep what they have seen.
var local = []string{
	"archive", "bloblang", "bounds_check", "branch", "catch", "compress", "decompress", "for_each", "grok", "group_by", "group_by_value",
	"insert_part", "jmespath", "jq", "json_schema", "log", "mapping", "metric", "mutation", "noop", "parallel", "parse_log", "processors",
	"resource", "select_parts", "split", "switch", "sync_response", "try", "try_catch", "unarchive", "while", "workflow",
}

// step is a processor on the way of a record to an output.
type step struct {
	path string
	node *yaml.Node
}

// way is what a record passes before the output, as far as preview can run it.
type way struct {
	steps []step
	// skipped are the parts that are not run, each with the reason.
	skipped []string
}

// wayTo finds the processors of an output: those of the input, of the pipeline,
// and beside the output.
func (r *Reading) wayTo(o *Output) *way {
	w, main := &way{}, o.pipeline.main
	w.ofInput(r, o.pipeline)
	if pipeline := resolvedChild(main, "pipeline"); pipeline != nil {
		w.add(r, o.pipeline, yamlfile.Child(pipeline, "processors"), "pipeline.processors")
	}
	if buffer := resolvedChild(main, "buffer"); buffer != nil && yamlfile.Child(buffer, "none") == nil {
		w.skipped = append(w.skipped, "buffer, which puts records together and apart")
	}
	w.ofOutput(r, o)
	if batching := yamlfile.Child(yamlfile.Resolved(o.written), "batching"); batching != nil {
		if list := yamlfile.Child(batching, "processors"); list != nil && len(list.Content) > 0 {
			w.skipped = append(w.skipped, "batching.processors of the output, which see whole batches")
		}
	}
	return w
}

// ofInput is the input, of which records on standard input take the place.
func (w *way) ofInput(r *Reading, p *pipeline) {
	input, path := resolvedChild(p.main, "input"), "input"
	if input == nil {
		return
	}
	if name := yamlfile.Child(input, "resource"); name != nil {
		w.add(r, p, yamlfile.Child(r.resource(p, "input_resources", name.Value), "processors"), "input_resources."+name.Value+".processors")
	}
	for i := 0; i+1 < len(input.Content); i += 2 {
		if key := input.Content[i].Value; key != "processors" && key != "label" && holds(input.Content[i+1], "processors") {
			w.skipped = append(w.skipped, path+"."+key+", and the processors inside it: records are read from standard input")
		}
	}
	w.add(r, p, yamlfile.Child(input, "processors"), path+".processors")
}

// ofOutput is what stands beside the output, and beside what it is inside of.
func (w *way) ofOutput(r *Reading, o *Output) {
	if strings.HasPrefix(o.path, "output_resources") {
		if out := resolvedChild(o.pipeline.main, "output"); out != nil {
			w.add(r, o.pipeline, yamlfile.Child(out, "processors"), "output.processors")
		}
	}
	path := strings.Split(strings.ReplaceAll(strings.ReplaceAll(o.path, "[", "."), "]", ""), ".")
	at, n := path[0], resolvedChild(o.file, path[0])
	for _, key := range path[1:] {
		if n == nil {
			return
		}
		if n.Kind == yaml.MappingNode {
			w.add(r, o.pipeline, yamlfile.Child(n, "processors"), at+".processors")
		}
		if key == "switch" {
			w.skipped = append(w.skipped, at+".switch: every record is shown for this output, whatever its cases say")
		}
		n, at = yamlfile.Below(n, key), at+"."+key
	}
}

// add takes processors along, but for those that preview cannot run.
func (w *way) add(r *Reading, p *pipeline, list *yaml.Node, path string) {
	if list == nil {
		return
	}
	for i, n := range list.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		if why := r.foreign(p, n, 0); why != "" {
			w.skipped = append(w.skipped, at+", because of "+why)
			continue
		}
		w.steps = append(w.steps, step{at, n})
	}
}

// foreign names a component inside a processor that needs more than the record;
// empty where there is none.
func (r *Reading) foreign(p *pipeline, n *yaml.Node, depth int) string {
	why := ""
	r.spec.each("processor", n, func(kind, name string, config *yaml.Node) {
		switch {
		case why != "" || kind == "scanner":
		case kind != "processor":
			why = "the " + kind + " " + name
		case !slices.Contains(local, name):
			why = name
		case name == "resource" && depth < len(local):
			why = r.foreign(p, r.resource(p, "processor_resources", config.Value), depth+1)
		}
	})
	return why
}

// resource is that of a label; nil where there is none.
func (r *Reading) resource(p *pipeline, list, label string) *yaml.Node {
	for _, f := range r.filesFor(p) {
		all := resolvedChild(f, list)
		if all == nil {
			continue
		}
		for _, n := range all.Content {
			if own := yamlfile.Child(n, "label"); own != nil && own.Value == label {
				return n
			}
		}
	}
	return nil
}

func resolvedChild(f *yamlfile.File, key string) *yaml.Node {
	return yamlfile.Resolved(yamlfile.Child(f.Root, key))
}

// holds reports whether a key stands somewhere below a node.
func holds(n *yaml.Node, key string) bool {
	return yamlfile.Child(n, key) != nil || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return holds(c, key) })
}

// each calls fn for a component, and for those inside it.
func (s *spec) each(kind string, n *yaml.Node, fn func(kind, name string, config *yaml.Node)) {
	if n == nil {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if f, ok := s.components[kind][n.Content[i].Value]; ok && n.Kind == yaml.MappingNode {
			fn(kind, n.Content[i].Value, n.Content[i+1])
			s.inField(f, n.Content[i+1], fn)
		}
	}
}

func (s *spec) inField(f field, n *yaml.Node, fn func(kind, name string, config *yaml.Node)) {
	switch {
	case f.Kind == kindList || f.Kind == kindLists:
		for _, c := range n.Content {
			s.inField(f.one(), c, fn)
		}
	case f.Kind == kindMap:
		for i := 1; i < len(n.Content); i += 2 {
			s.inField(f.one(), n.Content[i], fn)
		}
	case s.components[f.Type] != nil:
		s.each(f.Type, n, fn)
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if c, ok := f.child(n.Content[i].Value); ok {
				s.inField(c, n.Content[i+1], fn)
			}
		}
	}
}

// processors are a running pipeline: a record goes in, and what the output would
// get comes out.
type processors struct {
	send service.MessageBatchHandlerFunc
	got  service.MessageBatch
	stop func() error
}

// start runs the processors of a way. It calls end when they do not run any
// more.
func (r *Reading) start(ctx context.Context, end context.CancelCauseFunc, p *pipeline, w *way) (*processors, error) {
	b, running := service.NewStreamBuilder(), &processors{}
	b.DisableLinting() // as this has been done
	b.SetEnvVarLookupFunc(func(name string) (string, bool) { return "${" + name + "}", true })
	b.SetThreads(1)
	b.SetLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))
	for _, f := range r.filesFor(p) {
		for _, n := range contents(resolvedChild(f, "processor_resources")) {
			if r.foreign(p, n, 0) != "" {
				continue // nobody uses it
			}
			if err := b.AddResourcesYAML("processor_resources:\n" + indented(n)); err != nil {
				return nil, fmt.Errorf("preparing processor_resources: %w", err)
			}
		}
	}
	for _, s := range w.steps {
		if err := b.AddProcessorYAML(textOf(s.node)); err != nil {
			return nil, fmt.Errorf("preparing %s: %w", s.path, err)
		}
	}
	var err error
	if running.send, err = b.AddBatchProducerFunc(); err != nil {
		return nil, fmt.Errorf("preparing the processors: %w", err)
	}
	if err = b.AddBatchConsumerFunc(func(_ context.Context, batch service.MessageBatch) error {
		running.got = append(running.got, batch...)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("preparing the processors: %w", err)
	}
	stream, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("starting the processors: %w", err)
	}
	go func() { end(stream.Run(ctx)) }()
	running.stop = func() (err error) {
		if ctx.Err() == nil { // else it has not even begun, which has been said
			// Its own context ends as soon as it has stopped.
			stopping, done := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer done()
			err = stream.Stop(stopping)
			<-ctx.Done()
		}
		return err
	}
	return running, nil
}

func contents(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	return n.Content
}

// indented is a node as the one element of a list.
func indented(n *yaml.Node) string {
	return textOf(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}})
}

// process is what becomes of a record.
func (p *processors) process(ctx context.Context, m *service.Message) (service.MessageBatch, error) {
	p.got = nil
	err := p.send(ctx, service.MessageBatch{m})
	return p.got, err
}
