package inspect

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Preview tells what becomes of records before they are stored, and which object
// each would be part of, without uploading anything. It is not safe for
// concurrent use.
type Preview struct {
	conf     *config.Config
	assigner *partition.Assigner
	encoder  encode.Encoder
	uuid     string
	now      time.Time
	way      *way
	strict   bool // what a processor fails is not stored
	begin    func(ctx context.Context, end context.CancelCauseFunc) (*processors, error)
}

func newPreview(conf *config.Config) (*Preview, error) {
	assigner, err := partition.New(conf.Partition)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	return &Preview{
		conf: conf, assigner: assigner, encoder: conf.Format.NewEncoder(),
		uuid: id.String(), now: time.Now(), way: &way{},
	}, nil
}

// Skipped are the parts of the pipeline that a preview does not run, each with
// the reason.
func (p *Preview) Skipped() []string { return p.way.skipped }

// Counts are what became of the records of a preview.
type Counts struct {
	// Refused would not be stored, Dropped are those that a processor removes,
	// and Failed those at which one fails, which are stored as they are then.
	Refused, Dropped, Failed int
}

// longestLine bounds the memory of a preview.
const longestLine = 64 << 20

// Fate is what becomes of a record; of one that processors turn into several, of each.
type Fate struct {
	Line int `json:"line"` // of the record, from 1 on
	// Key is that of its object; empty where it would not be stored, for the reason in
	// Refused or Dropped.
	Key     string `json:"key,omitempty"`
	Refused string `json:"refused,omitempty"`
	Dropped string `json:"dropped,omitempty"`
	// Failed is why a processor failed, Record the record where processors change it.
	Failed string `json:"failed,omitempty"`
	Record string `json:"record,omitempty"`
}

// String is the fate in a line for people.
func (f Fate) String() string {
	text := f.Key
	switch {
	case f.Refused != "":
		text = "refused: " + f.Refused
	case f.Dropped != "":
		text = "dropped: " + f.Dropped
	}
	if f.Failed != "" {
		text += "\tfailed: " + f.Failed
	}
	if f.Record != "" {
		text += "\t" + f.Record
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// Run reads one record a line, and tells what would become of each: the key of
// its object and, where processors change records, the record; or why it would not be
// stored.
func (p *Preview) Run(ctx context.Context, in io.Reader, tell func(Fate) error) (n Counts, err error) {
	var through *processors
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if len(p.way.steps) > 0 {
		if through, err = p.begin(ctx, end); err != nil {
			return n, err
		}
		defer func() { err = errors.Join(err, through.stop()) }()
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for number := 1; lines.Scan(); number++ {
		fates := p.fate(ctx, through, lines.Text(), &n)
		if ctx.Err() != nil {
			return n, fmt.Errorf("running the processors: %w", context.Cause(ctx))
		}
		for _, f := range fates {
			f.Line = number
			if err := tell(f); err != nil {
				return n, err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return n, fmt.Errorf("reading records: %w", err)
	}
	return n, nil
}

// fate is what becomes of a record, one for each that it is turned into.
func (p *Preview) fate(ctx context.Context, through *processors, text string, n *Counts) []Fate {
	made := service.MessageBatch{service.NewMessage([]byte(text))}
	if through != nil {
		var err error
		if made, err = through.process(ctx, made[0]); err != nil {
			n.Refused++
			return []Fate{{Refused: err.Error()}}
		}
	}
	if len(made) == 0 {
		n.Dropped++
		return []Fate{{Dropped: "by a processor"}}
	}
	var fates []Fate
	for _, m := range made {
		failure := m.GetError()
		if failure != nil && p.strict {
			n.Refused++
			fates = append(fates, Fate{Refused: "a processor failed, and error_handling.strict is true: " + failure.Error()})
			continue
		}
		var f Fate
		key, err := p.Key(m)
		if f.Key = key; err != nil {
			n.Refused++
			f = Fate{Refused: err.Error()}
		}
		if failure != nil {
			n.Failed++
			f.Failed = failure.Error()
		}
		if body, err := m.AsBytes(); through != nil && err == nil && string(body) != text {
			f.Record = string(body)
		}
		fates = append(fates, f)
	}
	return fates
}

// Key returns the key of the first object the record would be part of, or why
// it would be refused.
func (p *Preview) Key(m *service.Message) (string, error) {
	rec, err := partition.FromMessage(m)
	if err != nil {
		return "", err
	}
	pass := p.assigner.Begin(service.MessageBatch{m})
	defer pass.End()
	path, err := pass.Assign(0, &rec)
	if err != nil {
		return "", err
	}
	res, err := p.encoder.Encode(io.Discard, []record.Record{rec}, 0)
	if err != nil {
		return "", err
	}
	if len(res.Refused) > 0 {
		return "", res.Refused[0].Err
	}
	return p.conf.Layout.Key(string(path), template.ObjectNaming{
		Opened: p.now, ChunkID: 1, UUID: p.uuid, SourceRange: p.conf.Trust.RangeName([]record.Record{rec}),
	})
}
