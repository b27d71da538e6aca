package top

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/s3-destination/s3-destination/internal/live"
)

// Look is how a state is drawn.
type Look struct {
	// Width is that of the terminal, 0 for any.
	Width int
	// Terminal: colours, and characters that make bars.
	Terminal bool
	Order    Order
}

// Plain is a state as text for files and pipes.
func Plain(s *live.State) string {
	cleanAll(s)
	return strings.Join(Lines(s, Look{}), "\n") + "\n"
}

// Lines draws a state.
func Lines(s *live.State, l Look) []string {
	d := &drawing{Look: l}
	d.line("%s %s   running for %s   memory %s%s", d.bold("s3-destination"), s.Version, live.Span(s.At.Sub(s.Started)),
		live.Bytes(s.Memory), limit(s.MemoryLimit))
	for i := range s.Outputs {
		d.output(s, &s.Outputs[i])
	}
	if len(s.Outputs) == 0 {
		d.line("")
		d.line("no s3_destination output runs in this process now")
	}
	for i := range s.Inputs {
		d.input(&s.Inputs[i])
	}
	return d.lines
}

func limit(n int64) string {
	if n == 0 {
		return ""
	}
	return " of " + live.Bytes(n)
}

// drawing is the lines so far.
type drawing struct {
	Look
	lines []string
}

// line adds a line, cut to the width.
func (d *drawing) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if d.Width > 0 {
		text = ansi.Truncate(text, d.Width, "…")
	}
	d.lines = append(d.lines, strings.TrimRight(text, " "))
}

// entry adds a line with a name in front.
func (d *drawing) entry(name, format string, args ...any) {
	d.line("  %s  %s", d.soft(fmt.Sprintf("%-9s", name)), fmt.Sprintf(format, args...))
}

func (d *drawing) style(codes, text string) string {
	if !d.Terminal {
		return text
	}
	return "\x1b[" + codes + "m" + text + "\x1b[m"
}

func (d *drawing) bold(text string) string { return d.style("1", text) }
func (d *drawing) soft(text string) string { return d.style("2", text) }
func (d *drawing) good(text string) string { return d.style("32", text) }
func (d *drawing) bad(text string) string  { return d.style("31", text) }

// barWidth is how many characters a bar has.
const barWidth = 20

// bar shows a part from 0 to 1, which is bad from some part on.
func (d *drawing) bar(part, bad float64) string {
	n := min(int(part*barWidth+0.5), barWidth)
	if !d.Terminal {
		return "[" + strings.Repeat("#", n) + strings.Repeat(".", barWidth-n) + "]"
	}
	full := strings.Repeat("█", n)
	if part >= bad {
		full = d.bad(full)
	} else {
		full = d.style("36", full)
	}
	return full + d.soft(strings.Repeat("░", barWidth-n))
}

func (d *drawing) output(s *live.State, o *live.Output) {
	d.line("")
	d.line("%s  %s into %s  %s", d.bold(o.String()), o.FileFormat, o.Destination, d.soft(strings.Join(o.Places, " ")))
	d.entry("store", "%s", d.health(s, &o.Health))
	d.entry("arrives", "%s records/s", d.bold(live.Number(o.ArrivedPerSecond)))
	d.entry("stored", "%s records/s, %s/s over a minute; %s, %s, %s in all", d.bold(live.Number(o.RecordsPerSecond)),
		live.Bytes(o.BytesPerSecond), live.Count(o.Records, "record"), live.Count(o.Objects, "object"), live.Bytes(o.Bytes))
	if o.Oldest > 0 {
		part := live.Part(int64(o.Oldest*1000), int64(o.MaxAge*1000))
		d.entry("oldest", "%s %s, max_age is %s", d.bar(part, 2), live.Seconds(o.Oldest), live.Seconds(o.MaxAge))
	} else {
		d.entry("oldest", "no record waits to be stored")
	}
	d.entry("memory", "%s %s of %s", d.bar(live.Part(o.Held, o.Limit), 0.9), live.Bytes(o.Held), live.Bytes(o.Limit))
	if p := o.Spool; p != nil {
		d.entry("spool", "%s %s of %s, %s in the outbox", d.bar(live.Part(p.Taken(), p.Limit), 0.9), live.Bytes(p.Taken()),
			live.Bytes(p.Limit), live.Count(int64(p.Objects), "object"))
		if p.Full {
			d.entry("", "%s", d.bad("the disk is full"))
		}
	}
	d.entry("under way", "%s", o.UnderWay())
	d.entry("ended by", "%s", reasons(o.Rolled))
	d.badRecords(o)
	d.partitions(o)
}

func (d *drawing) health(s *live.State, h *live.Health) string {
	switch words := h.Words(s.At); h.State {
	case "healthy":
		return d.good(words)
	case "unhealthy":
		return d.bad(words)
	default:
		return words
	}
}

func reasons(all []live.Rolled) string {
	words := make([]string, 0, len(all))
	for _, r := range all {
		words = append(words, r.Reason+" "+live.Number(r.Objects))
	}
	if len(words) == 0 {
		return "no object has landed yet"
	}
	return strings.Join(words, ", ")
}

func (d *drawing) badRecords(o *live.Output) {
	if !o.AnyBad() {
		return
	}
	d.entry("bad", "%s", d.bad(fmt.Sprintf("%s dead letters, %s dropped, %s given back", live.Number(o.DeadLetters),
		live.Number(o.Dropped), live.Number(o.Rejected))))
	for _, b := range o.Bad[:min(len(o.Bad), 3)] {
		d.entry("", "%s: %s", live.Number(b.Records), b.Reason)
	}
}

// The columns of partitions beside the name, and the least that is left for it.
const (
	beside    = 74
	leastName = 20
	firstName = "partition"
)

func (d *drawing) partitions(o *live.Output) {
	all := d.Order.sorted(o.Partitions)
	if len(all) == 0 {
		return
	}
	width := len(firstName)
	for i := range all {
		width = max(width, ansi.StringWidth(nameOf(&all[i])))
	}
	if d.Width > 0 {
		width = max(min(width, d.Width-beside), leastName)
	}
	whole := "no largest size"
	if o.Cap > 0 {
		whole = "of " + live.Bytes(o.Cap)
	}
	d.line("")
	d.line("  %s", d.soft(fmt.Sprintf("%s %8s  %-*s %10s %11s  %s", padded(firstName, width), "age", barWidth+6, whole, "expected", "records", "state")))
	for i := range all {
		p := &all[i]
		d.line("  %s %8s  %s %5s %10s %11s  %s", padded(nameOf(p), width), live.Seconds(p.Age), d.bar(p.Fill, 2),
			live.Percent(p.Fill), live.Bytes(p.Bytes), live.Number(p.Records), p.State)
		if p.Refusal != "" {
			d.line("    %s", d.bad(p.Refusal))
		}
	}
}

func nameOf(p *live.Partition) string {
	if p.DeadLetter {
		return p.Name + " (dead letters)"
	}
	return p.Name
}

// padded is a name in a column. One that is too long loses the name of the file, which
// is the same for all most often, and then what is in front.
func padded(name string, width int) string {
	if folder := strings.LastIndexByte(name, '/'); ansi.StringWidth(name) > width && folder > 0 {
		name = name[:folder+1] + "…"
	}
	over := ansi.StringWidth(name) - width
	if over > 0 {
		return ansi.TruncateLeft(name, over+1, "…")
	}
	return name + strings.Repeat(" ", -over)
}

func (d *drawing) input(in *live.Input) {
	d.line("")
	d.line("%s  consumer group %s", d.bold(in.String()), in.Group)
	d.entry("lag", "%s records are not stored yet", d.bold(live.Number(in.Lag)))
	d.entry("assigned", "%s of Kafka", live.Count(int64(in.Assigned), "partition"))
	d.entry("under way", "%s, %s with what was read ahead", live.Count(int64(in.Batches), "batch"), live.Bytes(in.Held))
	if len(in.Behind) == 0 {
		return
	}
	var words []string
	for _, b := range in.Behind[:min(len(in.Behind), 5)] {
		words = append(words, fmt.Sprintf("%s/%d %s", b.Topic, b.Partition, live.Number(b.Lag)))
	}
	d.entry("behind", "%s", strings.Join(words, ", "))
}
