package main

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
)

const clockSkewMs = 30_000

// envelope is a DSSE envelope.
type envelope struct {
	PayloadType string
	Payload     []byte
	Signatures  []struct {
		Keyid string
		Sig   []byte
	}
}

// isSigned tells whether one of its signatures verifies: DSSE signs the lengths with the type and the bytes.
func (e envelope) isSigned(at int, key ed25519.PublicKey) bool {
	signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(e.Payload), e.Payload)
	return ed25519.Verify(key, []byte(signed), e.Signatures[at].Sig)
}

// anchor is what a tenant's people chain to.
type anchor struct {
	tenant string
	root   jwk
}

type member struct {
	name  string
	roles []string
	key   ed25519.PublicKey
}

func (m member) has(role string) bool {
	for _, one := range m.roles {
		if one == role || one == "*" {
			return true
		}
	}
	return false
}

// resolve follows the enrolments from a key, leaf first, to the root. Only the root enrols an admin; an admin enrols everybody else.
func (a anchor) resolve(kid string, chain []envelope, atMs int64, revoked map[string]bool) (member, error) {
	if revoked[kid] {
		return member{}, fmt.Errorf("the key %s was revoked before", kid)
	}
	if kid == a.root.thumbprint() {
		key, err := a.root.public()
		return member{"root", []string{"*"}, key}, err
	}
	if len(chain) == 0 || len(chain[0].Signatures) != 1 {
		return member{}, fmt.Errorf("no enrolment leads from %s to the root", kid)
	}
	by := chain[0].Signatures[0].Keyid
	issuer, err := a.resolve(by, chain[1:], atMs, revoked)
	if err != nil {
		return member{}, err
	}
	if chain[0].PayloadType != "application/vnd.countersign.enrolment.v1+json" || !chain[0].isSigned(0, issuer.key) {
		return member{}, fmt.Errorf("the enrolment of %s does not verify", kid)
	}
	var says struct {
		Tenant, Member         string
		Key                    jwk
		Roles                  []string
		NotBeforeMs, ExpiresMs int64
	}
	if err := json.Unmarshal(chain[0].Payload, &says); err != nil {
		return member{}, err
	}
	key, err := says.Key.public()
	if err != nil {
		return member{}, err
	}
	one := member{says.Member, says.Roles, key}
	switch {
	case says.Tenant != a.tenant || says.Key.thumbprint() != kid:
		return member{}, fmt.Errorf("the enrolment of %s is of another key", kid)
	case by != a.root.thumbprint() && (!issuer.has("admin") || one.has("admin")):
		return member{}, fmt.Errorf("%s may not enrol %s", issuer.name, one.name)
	case atMs+clockSkewMs < says.NotBeforeMs || atMs >= says.ExpiresMs:
		return member{}, fmt.Errorf("the enrolment of %s does not hold at that time", one.name)
	}
	return one, nil
}

// signedByTwo is a statement that two admins make, with the enrolments for each signature.
type signedByTwo struct {
	Envelope envelope
	Chains   [][]envelope
}

// open checks the signatures and reads the statement.
func (s signedByTwo) open(a anchor, name string, atMs int64, revoked map[string]bool, into interface{}) error {
	if s.Envelope.PayloadType != "application/vnd.countersign."+name+".v1+json" {
		return fmt.Errorf("this is a %s", s.Envelope.PayloadType)
	}
	if len(s.Chains) != len(s.Envelope.Signatures) {
		return fmt.Errorf("the %s has not one chain of enrolments for each signature", name)
	}
	members := map[string]bool{}
	for i, signature := range s.Envelope.Signatures {
		signer, err := a.resolve(signature.Keyid, s.Chains[i], atMs, revoked)
		if err != nil {
			return fmt.Errorf("the %s: %v", name, err)
		}
		if !signer.has("admin") {
			return fmt.Errorf("the %s is signed by %s, who is no admin", name, signer.name)
		}
		if !s.Envelope.isSigned(i, signer.key) {
			return fmt.Errorf("the %s: the signature of %s does not verify", name, signer.name)
		}
		members[signer.name] = true
	}
	if len(members) < 2 {
		return fmt.Errorf("the %s is signed by %d member", name, len(members))
	}
	return json.Unmarshal(s.Envelope.Payload, into)
}
