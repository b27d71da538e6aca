package store

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// removal bounds the clean-up of an object that must not stay.
const removal = 10 * time.Second

// encrypted compares the encryption that the server reports with what was
// asked. A server that ignores the headers answers 200 like any other, so that
// nobody would ever notice.
func (s *Store) encrypted(op Op, key string, reported types.ServerSideEncryption, keyID *string) error {
	err := s.mismatch(op, key, reported, keyID)
	if err == nil {
		return nil
	}
	s.cfg.Observer.EncryptionDiffers(key, err)
	if s.cfg.TolerateEncryption {
		return nil
	}
	return err
}

// mismatch is the error of an object that is not encrypted as asked.
func (s *Store) mismatch(op Op, key string, reported types.ServerSideEncryption, keyID *string) error {
	differs := s.params.Mismatch(reported, aws.ToString(keyID))
	if differs == "" {
		return nil
	}
	return s.newError(op, key, verdict{
		class:  ClassInvalid,
		reason: "the object is not encrypted as configured: " + differs,
		advice: "let the server encrypt as encryption.mode says, choose the mode that it supports, or set encryption.on_mismatch to warn",
	}, errors.New(differs))
}

// withdraw removes an object that was just stored and must not stay, on a
// context of its own. Where deleting is not allowed it stays: the error that
// follows names it.
func (s *Store) withdraw(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
	defer cancel()
	_ = s.Delete(ctx, key)
}
