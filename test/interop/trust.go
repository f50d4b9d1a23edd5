package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
)

// pinned is whom a run trusts: the log's verifier key, every key that signed for the log, the executors' keys by id, and what people chain to.
// Where only the log's key is known, keys and people are nil.
type pinned struct {
	vkey    string
	logKeys []logKey
	keys    map[string]ed25519.PublicKey
	people  *anchor
}

// logKey is a key of the log with its id (RFC 7638).
type logKey struct {
	vkey, kid string
}

type jwk struct{ Kid, Kty, Crv, X string }

func (k jwk) public() (ed25519.PublicKey, error) {
	x, err := base64.RawURLEncoding.Strict().DecodeString(k.X)
	if k.Kty != "OKP" || k.Crv != "Ed25519" || err != nil || len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("keys: %s is no Ed25519 key", k.X)
	}
	return x, nil
}

// thumbprint is the key's id (RFC 7638).
func (k jwk) thumbprint() string {
	hash := sha256.Sum256([]byte(fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":"%s"}`, k.X)))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// readTrust takes the log's keys, the receipt keys and the root of a tenant's people out of a deploy configuration's TRUST.
func readTrust(file, tenant string) (pinned, error) {
	var trust struct {
		LogOrigin                   string
		CheckpointKeys, ReceiptKeys []jwk
		Retired                     struct{ CheckpointKeys, ReceiptKeys []jwk }
		Tenants                     map[string]struct{ RootKey jwk }
	}
	if err := readJSON(file, &trust); err != nil {
		return pinned{}, err
	}
	if len(trust.CheckpointKeys) == 0 {
		return pinned{}, fmt.Errorf("keys: no checkpoint key is pinned")
	}
	people, isKnown := trust.Tenants[tenant]
	if !isKnown {
		return pinned{}, fmt.Errorf("keys: %s is no tenant of this trust", tenant)
	}
	// The first one signs; while a key is being replaced the other one is the next or the one before.
	var logKeys []logKey
	for _, k := range append(trust.CheckpointKeys, trust.Retired.CheckpointKeys...) {
		key, err := k.public()
		if err != nil {
			return pinned{}, err
		}
		vkey, err := note.NewEd25519VerifierKey(trust.LogOrigin+"/"+tenant, key)
		if err != nil {
			return pinned{}, err
		}
		logKeys = append(logKeys, logKey{vkey, k.thumbprint()})
	}
	keys, err := byID(append(trust.ReceiptKeys, trust.Retired.ReceiptKeys...))
	return pinned{logKeys[0].vkey, logKeys, keys, &anchor{tenant, people.RootKey}}, err
}

func byID(set []jwk) (map[string]ed25519.PublicKey, error) {
	keys := map[string]ed25519.PublicKey{}
	for _, k := range set {
		public, err := k.public()
		if err != nil {
			return nil, err
		}
		keys[k.thumbprint()] = public
	}
	return keys, nil
}

func readKeySet(file string) (map[string]ed25519.PublicKey, error) {
	var set struct{ Keys []jwk }
	if err := readJSON(file, &set); err != nil {
		return nil, err
	}
	for _, k := range set.Keys {
		if k.Kid != k.thumbprint() {
			return nil, fmt.Errorf("keys: %s is not the thumbprint of its key", k.Kid)
		}
	}
	return byID(set.Keys)
}

func readJSON(file string, into interface{}) error {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("keys: %s: %v", file, err)
	}
	return nil
}
