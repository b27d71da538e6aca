package landing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/store"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// world is a bucket with everything that can go wrong around it. It remembers
// what was ever written under each key.
type world struct {
	*rapid.T

	honours, lists, reads bool // what is true of the bucket
	known                 store.Known
	caps                  store.Capabilities

	content map[string]string // by key; what was removed stays known
	there   map[string]bool
	puts    int
	// lostAnswers is how many answers are lost on the way; stale listings show
	// nothing.
	lostAnswers int
	stale       bool
}

// write is one request that reaches the bucket. It fails the test when it
// replaces anything.
func (w *world) write(key, content string, conditional bool) bool {
	if conditional && w.honours && w.there[key] {
		return false
	}
	if old, ok := w.content[key]; ok && w.there[key] && old != content {
		w.Fatalf("%q of %s is overwritten by %s", key, old, content)
	}
	w.content[key], w.there[key] = content, true
	return true
}

// Put tries again after a lost answer, as package store does, and asks whose
// object it is where that is allowed.
func (w *world) Put(_ context.Context, o store.Object) (store.Result, error) {
	w.puts++
	var body strings.Builder
	_, _ = o.Body.WriteTo(&body)
	content := o.Identity + " " + body.String()
	w.others(o.Key)
	if o.IfNoneMatch && w.known == store.Unknown && !w.honours && rapid.Bool().Draw(w.T, "unimplemented") {
		w.known = store.Refuted
		return store.Result{}, store.ErrNotImplemented
	}
	doubt := false
	for {
		stored := w.write(o.Key, content, o.IfNoneMatch)
		if stored && w.lostAnswers > 0 {
			w.lostAnswers--
			doubt = true
			continue
		}
		switch {
		case stored:
			return store.Result{}, nil
		case doubt && w.reads && w.content[o.Key] == content:
			return store.Result{Recovered: true}, nil
		}
		return store.Result{}, exists(doubt)
	}
}

// others write under a plain key just before us, or remove it.
func (w *world) others(key string) {
	switch rapid.IntRange(0, 9).Draw(w.T, "others") {
	case 0:
		if !w.there[key] && !unique.MatchString(key) { // nobody guesses a uuid
			w.content[key], w.there[key] = "other "+fmt.Sprint(w.puts), true
		}
	case 1:
		for k := range w.there {
			if !strings.Contains(w.content[k], "mine") {
				delete(w.there, k)
				break
			}
		}
	}
}

func (*world) Sum(*store.Body) store.Sum { return store.Sum{} }

func (w *world) Conditional(int64) store.Known { return w.known }

func (w *world) Capabilities() store.Capabilities { return w.caps }

func (w *world) List(_ context.Context, prefix, after string, limit int) ([]string, error) {
	if !w.lists {
		w.caps[store.List] = store.Refuted
		return nil, denied(store.OpListObjects)
	}
	var keys []string
	for k := range w.there {
		if strings.HasPrefix(k, prefix) && k > after && !w.stale {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys[:min(len(keys), limit)], nil
}

func (w *world) Head(_ context.Context, key string) (map[string]string, error) {
	if !w.reads || !w.there[key] {
		return nil, denied(store.OpHeadObject)
	}
	return map[string]string{}, nil
}

// TestNoTwoObjectsGetOneKey lands objects in a world of other writers, lost
// answers, restarts, missing rights and stores that ignore conditions: nothing
// is overwritten, no two objects share a key, what landed is there, and no
// object has more than two copies.
func TestNoTwoObjectsGetOneKey(t *testing.T) {
	files := []string{"f", "f-{{chunk_id}}", "{{chunk_id}}-f", "f-{{uuid}}", "{{chunk_id}}-{{uuid}}", "f-{{source_range}}", "{{chunk_id}}-{{source_range}}", "f-{{timestamp}}"}
	synctest.Test(t, func(t *testing.T) {
		property.Check(struct{ testing.TB }{t}, func(rt *rapid.T) { // without its deadline, which is not of this bubble
			w := &world{T: rt, content: map[string]string{}, there: map[string]bool{}}
			w.honours, w.lists, w.reads = rapid.Bool().Draw(rt, "honours"), rapid.Bool().Draw(rt, "lists"), rapid.Bool().Draw(rt, "reads")
			w.stale = rapid.IntRange(0, 5).Draw(rt, "stale") == 0
			if w.honours {
				w.known = rapid.SampledFrom([]store.Known{store.Unknown, store.Shown}).Draw(rt, "known")
			}
			file := rapid.SampledFrom(files).Draw(rt, "file")
			for i := range rapid.IntRange(0, 40).Draw(rt, "earlier") {
				w.write(fmt.Sprintf("in/f-%05d.json", i+1), "earlier", false)
			}
			landers := []*Lander{lander(t, w, file), lander(t, w, file)}
			keys := map[string]string{}
			for i := range rapid.IntRange(1, 20).Draw(rt, "objects") {
				if rapid.IntRange(0, 5).Draw(rt, "restart") == 0 {
					landers[0] = lander(t, w, file)
				}
				w.lostAnswers = rapid.SampledFrom([]int{0, 0, 0, 1, 5}).Draw(rt, "lost")
				l := landers[rapid.IntRange(0, 1).Draw(rt, "writer")]
				l.cfg.Range = func([]record.Record) string { return fmt.Sprint("r", i/2) }
				id := fmt.Sprint("mine-", i)
				o := object(t, l, "", fmt.Sprintf("%q", id))
				o.ID = id
				key, err := l.Land(t.Context(), o)
				o.Encoded.Release()
				require.NoError(rt, err)
				if other, taken := keys[key]; taken {
					rt.Fatalf("%q is the key of %s and of %s", key, other, id)
				}
				keys[key] = id
			}
			for key, id := range keys {
				require.True(rt, strings.HasPrefix(w.content[key], id+" "), "%q holds %s", key, w.content[key])
			}
			copies := map[string]int{}
			for key, content := range w.content {
				if id, _, _ := strings.Cut(content, " "); w.there[key] {
					if copies[id]++; strings.HasPrefix(id, "mine") {
						require.LessOrEqual(rt, copies[id], 2, "copies of %s", id)
					}
				}
			}
		})
	})
}
