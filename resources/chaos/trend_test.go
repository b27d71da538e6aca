package main

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOnlyWhatGoesOnGrowingIsALeak(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 1))
	cases := map[string]struct {
		value func(at float64) float64 // at is 0 to 1
		grows bool
	}{
		"flat":                      {func(float64) float64 { return 200 }, false},
		"noise":                     {func(float64) float64 { return 200 + 30*noise.NormFloat64() }, false},
		"saw tooth":                 {func(at float64) float64 { return 200 + float64(int(at*1000)%37) }, false},
		"one peak":                  {func(at float64) float64 { return 200 + map[bool]float64{true: 5000}[at > 0.7 && at < 0.71] }, false},
		"built up in the beginning": {func(at float64) float64 { return 200 + 2000*min(at, 0.4) }, false},
		"shrinks":                   {func(at float64) float64 { return 2000 - 1000*at }, false},
		"leak":                      {func(at float64) float64 { return 200 + 150*at }, true},
		"leak in noise":             {func(at float64) float64 { return 200 + 150*at + 30*noise.NormFloat64() }, true},
		"leak that begins late":     {func(at float64) float64 { return 200 + 400*max(0, at-0.6) }, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var samples []sample
			for i := range 300 {
				samples = append(samples, sample{at: time.Duration(i) * 2 * time.Second, goroutines: c.value(float64(i) / 300)})
			}
			got := quantities[0].judge(samples)
			assert.Equal(t, c.grows, got.grows, got.String())
		})
	}
	assert.True(t, quantities[0].judge(make([]sample, 4)).grows, "too few to say")
}
