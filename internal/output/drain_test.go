package output

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/spool"
	"github.com/s3-destination/s3-destination/internal/spool/codec"
	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spooled"
)

// The spool of one output is drained, also where that of another one holds records.
func TestOneSpoolIsDrainedBesideAnother(t *testing.T) {
	r := newRig(t)
	parse := func(spool string) *config.Config {
		conf, err := config.ParseYAML(fmt.Sprintf("bucket: %s\nregion: us-east-1\nendpoint: %s\nforce_path_style_urls: true\n"+
			"auth: {mode: access_key, access_key_id: %s, secret_access_key: %q}\n"+
			"folder: lake\nfile_name: '{{uuid}}'\nfile_format: json\non_bad_record: drop\n%s",
			r.s3.Bucket, r.s3.URL, r.s3.AccessKey, r.s3.SecretKey, spool))
		require.NoError(t, err)
		return conf
	}
	path := t.TempDir()
	conf := parse(fmt.Sprintf("spool: {path: %q}\n", path))
	for _, label := range []string{"a", "b"} {
		opts := conf.SpoolOptions()
		opts.Lost, opts.Failed, opts.Now = func(spool.Loss) {}, func(error) {}, time.Now
		s, err := spool.Open(disk.OS{}, spooled.Dir(conf, "", label), opts)
		require.NoError(t, err)
		data, err := new(codec.Codec).Append(nil, &record.Record{Raw: fmt.Appendf(nil, `{"of":%q}`, label)})
		require.NoError(t, err)
		require.NoError(t, s.Append(t.Context(), []spool.Record{{Path: "lake/x.json", Data: data}}))
		require.NoError(t, s.Close())
	}
	require.NoError(t, DrainSpool(t.Context(), conf, "", "a", func(spool.Stats) {}))
	assert.Equal(t, []string{"{\"of\":\"a\"}\n"}, r.objects("lake/"))
	left, err := spool.Inspect(disk.OS{}, spooled.Dir(conf, "", "b"), false)
	require.NoError(t, err)
	assert.Len(t, left.Waiting, 1)
	assert.ErrorContains(t, DrainSpool(t.Context(), parse(""), "", "a", func(spool.Stats) {}), "has no spool")
}
