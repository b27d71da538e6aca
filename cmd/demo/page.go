package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// page prints the demo, in colour on a terminal.
type page struct {
	out    io.Writer
	colour bool
}

// Terminal colours.
const (
	bold  = "1"
	dim   = "2"
	green = "32"
	amber = "33"
	blue  = "36"
)

func newPage(out *os.File) *page {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &page{out: out, colour: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p *page) paint(colour, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (p *page) title(format string, args ...any) {
	p.line("\n%s", p.paint(bold, fmt.Sprintf(format, args...)))
}

func (p *page) line(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

// show prints what is in the bucket.
func (p *page) show(l landing, m metrics) {
	p.title("What is in the bucket: %d objects, none above the cap of 64 KiB", len(l.objects))
	p.tree(l.objects)
	if len(l.objects) > 0 {
		p.title("The first lines of %s", l.objects[0].key)
		p.head(l.objects[0].body, 4)
	}
	p.title("Records that cannot be stored: kept, with the reason (on_bad_record: dead_letter)")
	p.tree(l.dead)
	for _, d := range l.letters {
		p.line("  %s", p.paint(amber, d.Reason))
		p.line("    %s", p.paint(dim, shorten(d.Payload, 100)))
	}
	p.title("The health check of the destination")
	if m["s3_destination_healthy"] == 1 {
		p.line("  %s wrote and deleted an empty object under the folder, with the headers of data; conditional writes are honoured",
			p.paint(green, "healthy:"))
	} else {
		p.line("  %s", p.paint(amber, "not healthy"))
	}
}

// tree prints objects grouped by folder.
func (p *page) tree(objects []object) {
	dir := ""
	for i, o := range objects {
		if o.dir() != dir {
			dir = o.dir()
			p.line("  %s", p.paint(blue, dir+"/"))
		}
		branch := "├─"
		if i+1 == len(objects) || objects[i+1].dir() != dir {
			branch = "└─"
		}
		name := strings.TrimPrefix(o.key, dir+"/")
		p.line("  %s %-28s %8d B %5d rows   %s", branch, name, o.size, o.rows, p.paint(dim, "rolled: "+o.reason))
	}
}

func (p *page) head(body []byte, lines int) {
	for line := range bytes.Lines(body) {
		if lines--; lines < 0 {
			return
		}
		p.line("  %s", shorten(strings.TrimRight(string(line), "\n"), 150))
	}
}

// shorten cuts a text for display.
func shorten(text string, limit int) string {
	text = strings.ReplaceAll(text, "\n", " ")
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// verdict checks that nothing is missing and tells how to go on.
func (p *page) verdict(read int, l landing, m metrics) error {
	stored, dead := l.rows(), len(l.letters)
	p.title("Every record is accounted for")
	p.line("  %d records read = %d rows in objects + %d dead letters", read, stored, dead)
	var problems []error
	if read != stored+dead {
		problems = append(problems, fmt.Errorf("%d records read, %d found", read, stored+dead))
	}
	if stored == 0 || dead == 0 || len(l.objects) < 2 {
		problems = append(problems, errors.New("rows, dead letters or objects are missing"))
	}
	if told := int(m["s3_destination_rows_total"]); told != stored {
		problems = append(problems, fmt.Errorf("metrics count %d rows, the objects hold %d", told, stored))
	}
	if m["s3_destination_conditional_writes"] != 1 {
		problems = append(problems, errors.New("the health check did not find conditional writes honoured"))
	}
	if m["s3_destination_healthy"] != 1 {
		problems = append(problems, errors.New("the health check did not succeed"))
	}
	for _, o := range l.objects {
		if o.size > 64<<10 {
			problems = append(problems, fmt.Errorf("%s has %d bytes, above the cap", o.key, o.size))
		}
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	p.title("The same pipeline on a bucket of yours")
	p.line("  go build -o bin/s3-destination ./cmd/s3-destination")
	p.line("  BUCKET=my-bucket AWS_REGION=eu-west-1 bin/s3-destination run cmd/demo/demo.yaml")
	p.line("  %s\n", p.paint(dim, "# credentials come from the environment, a profile or a role, as for the AWS CLI"))
	return nil
}
