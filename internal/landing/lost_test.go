package landing

import (
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/store"
)

// A store that stores, and whose answers are lost: each Put is tried again
// within package store, finds the key taken, and cannot tell whose object it is.
func losing(b *bucket, times int) {
	b.after = func(store.Object) error {
		if times == 0 {
			return nil
		}
		times--
		return exists(true)
	}
}

// TestALostAnswerMakesOneCopyAtMost: the second name is one that nobody else can
// have, so that a key which is taken there is taken by our own object.
func TestALostAnswerMakesOneCopyAtMost(t *testing.T) {
	for file, copies := range map[string]int{"f-{{chunk_id}}": 2, "f": 2, "f-{{uuid}}": 1, "{{uuid}}-{{chunk_id}}": 1} {
		b := newBucket()
		losing(b, 100)
		l := lander(t, b, file)
		require.NoError(t, land(t, l, "1"))
		assert.Len(t, b.keys(), copies, file)
		assert.Equal(t, copies, b.puts, file)
	}
	for _, known := range []store.Known{store.Unknown, store.Refuted} {
		b := newBucket()
		b.caps[store.ConditionalPut] = known
		losing(b, 100)
		require.NoError(t, land(t, lander(t, b, "f-{{chunk_id}}"), "1"))
		assert.Len(t, b.keys(), 1, "%s: the first name is such a one", known)
	}
}

// TestAnotherWritersKeyIsNotTakenForOurOwn: without a lost answer a plain name
// that is taken is taken by somebody else.
func TestAnotherWritersKeyIsNotTakenForOurOwn(t *testing.T) {
	b := newBucket("in/f-00001.json")
	o := object(t, lander(t, b, "f-{{chunk_id}}"), "", "1")
	defer o.Encoded.Release()
	key, err := lander(t, b, "f-{{chunk_id}}").Land(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, "in/f-00002.json", key)
	assert.Equal(t, "1\n", b.contents[key])
}

// TestALostAnswerOnATakenPlainNameIsNoSuccess: somebody else may have taken it.
func TestALostAnswerOnATakenPlainNameIsNoSuccess(t *testing.T) {
	b := newBucket("in/f-00001.json")
	first := true
	b.before = func(store.Object) error {
		if first {
			first = false
			return exists(true)
		}
		return nil
	}
	require.NoError(t, land(t, lander(t, b, "f-{{chunk_id}}"), "1"))
	require.Len(t, b.added(), 1)
	assert.Equal(t, "1\n", b.contents[b.added()[0]])
	assert.Regexp(t, unique, b.added()[0])
}

var unique = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// TestConditionsThatAreNotImplementedAreLeftOut: the first object finds out, and
// keeps its number; a store that lacks something else is not asked again.
func TestConditionsThatAreNotImplementedAreLeftOut(t *testing.T) {
	b := newBucket("in/f-00001.json")
	b.caps[store.ConditionalPut] = store.Unknown
	b.unconditional = true
	l := lander(t, b, "f-{{chunk_id}}")
	d := &diary{bucket: b}
	l.cfg.Journal = d
	require.NoError(t, land(t, l, "1"))
	require.NoError(t, land(t, l, "2"))
	assert.Equal(t, 3, b.puts)
	assert.Equal(t, []bool{true, false, false}, []bool{d.intents[0].Conditional, d.intents[1].Conditional, d.intents[2].Conditional})
	assert.Equal(t, []int{1, 1, 2}, []int{d.intents[0].Number, d.intents[1].Number, d.intents[2].Number})
	for _, i := range d.intents {
		assert.True(t, i.Unique)
		assert.Regexp(t, unique, i.Key)
	}
	assert.Empty(t, b.overwritten("in/f-00001.json"))
}

// TestOtherErrorsAreNotCuredByLeavingConditionsOut: a store that lacks something
// else, and one that has just shown to lack conditions and refuses for another
// reason.
func TestOtherErrorsAreNotCuredByLeavingConditionsOut(t *testing.T) {
	for _, c := range []struct {
		what          string
		before, after store.Known // what is known when the object is named, and when it fails
		err           error
	}{
		{"conditions are honoured", store.Shown, store.Shown, store.ErrNotImplemented},
		{"none was sent", store.Refuted, store.Refuted, store.ErrNotImplemented},
		{"refused for another reason", store.Unknown, store.Refuted, denied(store.OpPutObject)},
	} {
		b := newBucket()
		b.caps[store.ConditionalPut] = c.before
		b.before = func(store.Object) error {
			b.caps[store.ConditionalPut] = c.after
			if b.puts > 1 {
				return nil
			}
			return c.err
		}
		require.ErrorIs(t, land(t, lander(t, b, "f-{{chunk_id}}"), "1"), c.err, c.what)
		assert.Equal(t, 1, b.puts, c.what)
	}
}

// TestNamesArePlainOnceConditionsAreShown: what is known changes while a stream
// runs.
func TestNamesArePlainOnceConditionsAreShown(t *testing.T) {
	b := newBucket("in/f-00001.json", "in/f-00002.json")
	b.caps[store.ConditionalPut] = store.Unknown
	l := lander(t, b, "f-{{chunk_id}}")
	require.NoError(t, land(t, l, "1"))
	assert.Regexp(t, `^in/f-00001-`+unique.String(), b.added()[0])
	b.caps[store.ConditionalPut] = store.Shown
	require.NoError(t, land(t, l, "2"))
	assert.Contains(t, b.added(), "in/f-00003.json", "the numbers of others are found all the same")
}

// TestAUniqueNameNeedsNoNumber: where the template has none, none is appended,
// and where it has a uuid, no suffix is.
func TestAUniqueNameNeedsNoNumber(t *testing.T) {
	for file, want := range map[string]string{
		"f":                     `^in/f-` + unique.String() + `\.json$`,
		"f-{{uuid}}":            `^in/f-` + unique.String() + `\.json$`,
		"f-{{chunk_id}}":        `^in/f-0000[12]-` + unique.String() + `\.json$`,
		"{{uuid}}-{{chunk_id}}": `^in/` + unique.String() + `-0000[12]\.json$`,
	} {
		b := newBucket()
		b.caps[store.ConditionalPut], b.ignorant = store.Refuted, true
		l := lander(t, b, file)
		require.NoError(t, land(t, l, "1"))
		require.NoError(t, land(t, l, "2"))
		require.Len(t, b.keys(), 2)
		for _, key := range b.keys() {
			assert.Regexp(t, want, key)
			assert.False(t, b.objects[key].IfNoneMatch)
		}
	}
}

// TestAnUploadThatEndsWithoutAnAnswerIsAnError: what became of it is for the
// caller to find out.
func TestAnUploadThatEndsWithoutAnAnswerIsAnError(t *testing.T) {
	b := newBucket()
	b.after = func(store.Object) error { return lost() }
	err := land(t, lander(t, b, "f-{{uuid}}"), "1")
	var e *store.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.OutcomeUnknown)
	assert.Equal(t, 1, b.puts)
}

// unread is the error of an upload whose key is taken, perhaps by the object itself,
// which could not be read because the store is away.
func unread() error {
	return &store.Error{
		Op: store.OpHeadObject, Class: store.ClassNetwork, Err: errors.New("reset"), OutcomeUnknown: true, Found: exists(true),
	}
}

// TestAKeyThatIsTakenByWhatCannotBeReadNow: one that nobody else can have is taken by
// our own object. The object of another keeps its key, and is looked at the next time.
func TestAKeyThatIsTakenByWhatCannotBeReadNow(t *testing.T) {
	for file, landed := range map[string]bool{"f-{{uuid}}": true, "f-{{chunk_id}}": false} {
		b := newBucket()
		b.after = func(store.Object) error { return unread() }
		l := lander(t, b, file)
		if err := land(t, l, "1"); landed {
			require.NoError(t, err, file)
		} else {
			require.Equal(t, store.ClassNetwork, store.ClassOf(err), file)
		}
		assert.Equal(t, 1, b.puts, file)
		assert.Len(t, b.keys(), 1, file)
	}
	b := newBucket()
	b.after = func(store.Object) error { return unread() }
	l := lander(t, b, "f-{{chunk_id}}")
	o := object(t, l, "v", "1")
	defer o.Encoded.Release()
	o.Announced = &chunk.Announced{UUID: "01890000-0000-7000-8000-000000000000", Number: 1}
	_, err := l.Land(t.Context(), o)
	require.NoError(t, err, "announced")
	assert.Equal(t, 1, b.puts)
}
