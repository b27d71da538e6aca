package inspect

import (
	"bufio"
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

// Preview tells which object a record would be part of, without uploading
// anything. It is not safe for concurrent use.
type Preview struct {
	conf     *config.Config
	assigner *partition.Assigner
	encoder  encode.Encoder
	uuid     string
	now      time.Time
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
		uuid: id.String(), now: time.Now(),
	}, nil
}

// longestLine bounds the memory of a preview.
const longestLine = 64 << 20

// Run reads one record a line and prints what would become of each. It returns
// how many would be refused.
func (p *Preview) Run(in io.Reader, out io.Writer) (refused int, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		key, err := p.Key(service.NewMessage([]byte(lines.Text())))
		if err != nil {
			refused++
			key = "refused: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		if _, err := fmt.Fprintln(out, key); err != nil {
			return refused, err
		}
	}
	if err := lines.Err(); err != nil {
		return refused, fmt.Errorf("reading records: %w", err)
	}
	return refused, nil
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
