package landing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Intent is everything about an object that is settled before the first attempt
// to store it. It is plain data: whoever writes it down beside the encoded bytes
// can store the same object again, under the same key, after a crash.
type Intent struct {
	// Key is the full key of the object.
	Key string `json:"key"`
	// Identity marks the object as ours, unique for its content.
	Identity string `json:"identity"`
	// Kind and Path are the object's partition.
	Kind chunk.Kind `json:"kind"`
	Path string     `json:"path"`
	// Opened is the clock that the key was rendered with, SourceRange its text
	// for {{source_range}} (empty when the name has no such place), and Number
	// its chunk id.
	Opened      time.Time `json:"opened"`
	SourceRange string    `json:"source_range,omitempty"`
	Number      int       `json:"number"`
	// Size is the length of the body in bytes, Sum its checksum as it is sent
	// (zero where the store is to get none).
	Size int64     `json:"size"`
	Sum  store.Sum `json:"sum"`
	// ContentType, ContentEncoding and Metadata are stored with the object.
	ContentType     string            `json:"content_type,omitempty"`
	ContentEncoding string            `json:"content_encoding,omitempty"`
	Metadata        map[string]string `json:"metadata"`
	// Conditional: the object is written on the condition that its key is free.
	Conditional bool `json:"conditional"`
	// Unique: the key holds a uuid that was drawn for this object, so that
	// nobody but those who carry out this very intent can have taken it.
	Unique bool `json:"unique"`
}

// Journal is told of every intent before its first attempt, and again when the
// object has to take another key. An error keeps the object from being stored.
type Journal interface {
	// Intend returns once the intent is durable.
	Intend(ctx context.Context, i Intent) error
}

// object is what the store is asked to write. again says that somebody may have
// written it under this key before.
func (i *Intent) object(body *store.Body, recalled <-chan struct{}, again bool) store.Object {
	return store.Object{
		MayExist:        again,
		Recalled:        recalled,
		Key:             i.Key,
		Body:            body,
		Sum:             i.Sum,
		ContentType:     i.ContentType,
		ContentEncoding: i.ContentEncoding,
		Metadata:        i.Metadata,
		Identity:        i.Identity,
		IfNoneMatch:     i.Conditional,
	}
}

// settle is what does not change from intent to intent of one object.
func (l *Lander) settle(o chunk.Object) Intent {
	f, e := l.format(o.Kind), o.Encoded.(*encoded)
	i := Intent{
		Identity:        o.ID,
		Kind:            o.Kind,
		Path:            o.Path,
		Opened:          o.Opened.Round(0).UTC(),
		Size:            e.body.Len(),
		Sum:             l.store.Sum(e.body),
		ContentType:     f.ContentType,
		ContentEncoding: f.ContentEncoding,
		Metadata:        l.metadata(o, e),
	}
	if f.Namer.Uses("source_range") {
		i.SourceRange = l.cfg.Range(o.Records)
	}
	return i
}

// naming is the part of an intent that package template needs.
func (i *Intent) naming() template.ObjectNaming {
	return template.ObjectNaming{Opened: i.Opened, SourceRange: i.SourceRange}
}

// name settles number and key. Where the key must be one that nobody else can
// have, and the name has no {{uuid}}, it gets a unique suffix.
func (i *Intent) name(n template.Name, number int, unique bool) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("naming an object of %s: %w", n, err)
	}
	o := template.ObjectNaming{ChunkID: number, UUID: id.String()}
	i.Unique = unique || n.Unique()
	if unique && !n.Unique() {
		o.Suffix = id.String()
	}
	i.Number = number
	if i.Key, err = n.Key(o); err != nil {
		return fmt.Errorf("naming an object of %s: %w", n, err)
	}
	return nil
}

// metadata describes an object. What is said about its records is cut to the
// room that S3 leaves beside the configured metadata.
func (l *Lander) metadata(o chunk.Object, e *encoded) map[string]string {
	meta := map[string]string{}
	if l.cfg.Describe != nil && o.Kind == chunk.Data {
		described := l.cfg.Describe(o.Records)
		room := store.MetadataRoom(l.cfg.Metadata)
		for _, k := range slices.Sorted(maps.Keys(described)) {
			if v := fitted(k, described[k], room); v != "" {
				meta[k] = v
				room -= store.MetadataSize(map[string]string{k: v})
			}
		}
	}
	meta[MetaRows] = strconv.Itoa(e.rows)
	meta[MetaReason] = string(o.Reason)
	return meta
}

// cut is what stands for the rest of a text that does not fit.
const cut = " ..."

// fitted drops words from the end of a value until it fits into the room.
func fitted(key, value string, room int) string {
	size := func(v string) int { return store.MetadataSize(map[string]string{key: v}) }
	if size(value) <= room {
		return value
	}
	for value != "" && size(value+cut) > room {
		value = value[:max(strings.LastIndexByte(value, ' '), 0)]
	}
	if value == "" {
		return ""
	}
	return value + cut
}
