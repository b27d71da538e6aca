package landing

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/template"
)

// Seal settles all about an object before anything is sent. What it returns is
// enough for [Lander.Carry] to store the object, also in another process. The
// body is that of o.Encoded.
func (l *Lander) Seal(o chunk.Object) (intent []byte, body io.WriterTo, err error) {
	a, err := l.attempt(l.settle(o))
	if err != nil {
		return nil, nil, err
	}
	i, err := a.intent(a.number(), false)
	if err != nil {
		return nil, nil, err
	}
	intent, err = json.Marshal(i)
	return intent, o.Encoded.(*encoded).body, err
}

// Carry stores an object that was sealed. again says that somebody may have tried
// before, so that an object under its key may be this one. Before it sends
// anything under another key, rekey makes that durable. It tells what is stored;
// the records of the object are not known any more.
func (l *Lander) Carry(
	ctx context.Context, intent []byte, content io.WriterTo, again bool, rekey func(ctx context.Context, intent []byte) error,
) (chunk.Object, error) {
	var i Intent
	if err := json.Unmarshal(intent, &i); err != nil {
		return chunk.Object{}, fmt.Errorf("reading what is settled about an object: %w", err)
	}
	a, err := l.attempt(i.unnamed())
	if err != nil {
		return chunk.Object{}, err
	}
	body, whole := content.(*store.Body) // that of Seal
	if !whole {
		body = &store.Body{}
		defer body.Reset()
		if _, err := content.WriteTo(body); err != nil {
			return chunk.Object{}, fmt.Errorf("reading %s to store it: %w", template.Readable(i.Key), err)
		}
	}
	for {
		_, outcome := l.store.Put(ctx, i.object(body, nil, again))
		if a.landed(i, outcome) {
			return i.stored(), nil
		}
		tried := i.Key
		if i, err = a.next(ctx, i, outcome); err != nil {
			return chunk.Object{}, err
		}
		if again = i.Key == tried; again {
			continue
		}
		if intent, err = json.Marshal(i); err == nil {
			err = rekey(ctx, intent)
		}
		if err != nil {
			return chunk.Object{}, fmt.Errorf("recording another key, %s: %w", template.Readable(i.Key), err)
		}
	}
}

// KeyOf is the key of a sealed object; empty when that cannot be read.
func KeyOf(intent []byte) string {
	var i Intent
	if json.Unmarshal(intent, &i) != nil {
		return ""
	}
	return i.Key
}

// unnamed is the intent before it got its key.
func (i Intent) unnamed() Intent {
	i.Key, i.Number, i.Conditional, i.Unique = "", 0, false, false
	return i
}

// stored is the object, as far as the intent tells.
func (i *Intent) stored() chunk.Object {
	rows, _ := strconv.Atoi(i.Metadata[MetaRows])
	return chunk.Object{
		ID: i.Identity, Kind: i.Kind, Path: i.Path, Key: i.Key, Opened: i.Opened,
		Reason: chunk.Reason(i.Metadata[MetaReason]), Rows: rows, Bytes: i.Size,
	}
}
