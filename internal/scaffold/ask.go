package scaffold

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Ask has somebody choose, who answers each question with a line. An empty one takes
// the first choice, or says no.
func Ask(in io.Reader, out io.Writer) (Choices, error) {
	q := questions{in: bufio.NewReader(in), out: out}
	var c Choices
	c.From = q.choose("Where do records come from?", Inputs)
	c.Format = q.choose("What are objects?", Formats)
	c.Compression = q.choose("How are they compressed?", compressions[c.Format])
	c.Auth = q.choose("Who writes to the bucket? (default: whatever the environment gives, as for the AWS CLI)", Auths)
	if c.From == "kafka" {
		c.ExactlyOnce = q.agree("Is each record to be in exactly one object, whatever is killed?")
	}
	if !c.ExactlyOnce {
		c.Spool = q.agree("Is a local disk to hold records, so that they are acknowledged at once?")
	}
	c.Bucket = q.text("What is the bucket called?", "my-bucket")
	c.Region = q.text("In which region is it?", "eu-west-1")
	return c, q.err
}

// questions is one interview. Behind an error nothing is asked.
type questions struct {
	in  *bufio.Reader
	out io.Writer
	err error
}

// line asks, and returns the answer.
func (q *questions) line(question, hint string) string {
	if q.err != nil {
		return ""
	}
	_, _ = fmt.Fprintf(q.out, "%s [%s] ", question, hint)
	answer, err := q.in.ReadString('\n')
	if err != nil && (answer == "" || !errors.Is(err, io.EOF)) {
		q.err = fmt.Errorf("reading an answer: %w: nothing was written", err)
	}
	return strings.TrimSpace(answer)
}

// choose asks until one of the values is the answer. Its beginning is enough.
func (q *questions) choose(question string, values []string) string {
	for q.err == nil {
		answer := q.line(question, strings.Join(values, ", "))
		if answer == "" {
			return values[0]
		}
		if slices.Contains(values, answer) {
			return answer
		}
		if i := slices.IndexFunc(values, func(v string) bool { return strings.HasPrefix(v, answer) }); i >= 0 {
			return values[i]
		}
		_, _ = fmt.Fprintf(q.out, "%s is none of them.\n", answer)
	}
	return ""
}

func (q *questions) agree(question string) bool {
	for q.err == nil {
		switch strings.ToLower(q.line(question, "no, yes")) {
		case "", "n", "no":
			return false
		case "y", "yes":
			return true
		}
	}
	return false
}

func (q *questions) text(question, otherwise string) string {
	if answer := q.line(question, otherwise); answer != "" {
		return answer
	}
	return otherwise
}
