// Other implementations of JWE, where they are installed: what they encrypt we open, and what we
// encrypt they open. Debian's jose, and jwcrypto for Python.
#include <cstdlib>
#include <string>

#include "tests/kbs/fake_broker.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::SameBytes;

enum class Peer { kJose, kJwcrypto };

bool Succeeds(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;  // NOLINT(cert-env33-c)
}

std::string Url(ByteView bytes) {
  ByteVector out(EncodedSize(Base64::kUrl, bytes.size()));
  EXPECT_THAT(EncodeBase64(Base64::kUrl, bytes, out), IsOk());
  return std::string(out.begin(), out.end());
}

struct Case {
  Peer peer;
  crypto::Curve curve;
};

class JwePeersTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/";
    if (GetParam().peer == Peer::kJose) {
      if (!Succeeds("jose alg")) GTEST_SKIP() << "jose is not installed";
    } else {
      for (const char* python : {"python3", "/usr/bin/python3"}) {
        program_ = std::string(python) + " " + SVSM_TESTS_DIR + "/kbs/jwcrypto_peer.py ";
        if (Succeeds(program_ + "check")) break;
        program_.clear();
      }
      if (program_.empty()) GTEST_SKIP() << "python3 has no jwcrypto";
    }
    FixedRng rng;
    ByteVector scalar(svsm_.x.size());
    ASSERT_THAT(rng.Generate(scalar), IsOk());
    ASSERT_THAT(svsm_.ecdh.GenerateKey(rng, scalar), IsOk());
    ASSERT_THAT(svsm_.ecdh.PublicKey(svsm_.x, svsm_.y), IsOk());
    const bool p521 = GetParam().curve == crypto::Curve::kP521;
    const std::string point = std::string(R"({"kty":"EC","crv":")") + (p521 ? "P-521" : "P-256") +
                              R"(","x":")" + Url(svsm_.x) + R"(","y":")" + Url(svsm_.y) + '"';
    Write("public.jwk", point + "}");
    Write("private.jwk", point + R"(,"d":")" + Url(scalar) + "\"}");
    Write("secret", kSecret);
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_THAT(WriteFileAtomically(folder_ + name, AsBytes(text), FileMode::kPrivate), IsOk());
  }
  ByteVector Read(const std::string& name) {
    Result<ByteVector> bytes = ReadFile(folder_ + name);
    EXPECT_THAT(bytes, IsOk());
    return bytes.ok() ? std::move(*bytes) : ByteVector();
  }
  std::string Path(const std::string& name) const { return "'" + folder_ + name + "' "; }
  bool Encrypt() {
    if (GetParam().peer == Peer::kJwcrypto) {
      return Succeeds(program_ + "encrypt " + Path("public.jwk") + Path("secret") +
                      Path("theirs.jwe"));
    }
    Write("template", R"({"protected":{"alg":"ECDH-ES+A256KW","enc":"A256GCM"}})");
    return Succeeds("jose jwe enc -i " + Path("template") + "-I " + Path("secret") + "-k " +
                    Path("public.jwk") + "-o " + Path("theirs.jwe"));
  }
  bool Decrypt() {
    if (GetParam().peer == Peer::kJwcrypto) {
      return Succeeds(program_ + "decrypt " + Path("private.jwk") + Path("ours.jwe") +
                      Path("opened"));
    }
    return Succeeds("jose jwe dec -i " + Path("ours.jwe") + "-k " + Path("private.jwk") + "-O " +
                    Path("opened"));
  }

  const std::string kSecret = "the root key of the storage";
  std::string folder_;
  std::string program_;
  SvsmSide svsm_{GetParam().curve};
};

TEST_P(JwePeersTest, OpensWhatTheyEncrypt) {
  ASSERT_TRUE(Encrypt());
  const ByteVector text = Read("theirs.jwe");
  ByteVector decoded(text.size());
  SVSM_ASSERT_OK_AND_ASSIGN(const JweMessage jwe, DecodeJwe(text, decoded));
  ByteVector workspace(2 * text.size());
  ByteVector plaintext(text.size());
  EXPECT_THAT(OpenJwe(svsm_.jwe(), jwe, EpkPlace::kAnywhere, workspace, plaintext),
              IsOkAnd(SameBytes(AsBytes(kSecret))));
}

TEST_P(JwePeersTest, TheyOpenWhatWeEncrypt) {
  FakeBroker broker;
  broker.secret = ToVector(AsBytes(kSecret));
  for (const bool outside : {false, true}) {
    broker.epk_outside = outside;
    broker.Seal(svsm_.key());
    const ByteVector text = broker.text();
    Write("ours.jwe", std::string(text.begin(), text.end()));
    Write("opened", "");
    ASSERT_TRUE(Decrypt()) << outside;
    EXPECT_THAT(Read("opened"), SameBytes(AsBytes(kSecret)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, JwePeersTest,
                         ::testing::Values(Case{Peer::kJose, crypto::Curve::kP521},
                                           Case{Peer::kJose, crypto::Curve::kP256},
                                           Case{Peer::kJwcrypto, crypto::Curve::kP521},
                                           Case{Peer::kJwcrypto, crypto::Curve::kP256}),
                         [](const auto& one) {
                           const std::string peer =
                               one.param.peer == Peer::kJose ? "Jose" : "Jwcrypto";
                           return peer +
                                  (one.param.curve == crypto::Curve::kP521 ? "P521" : "P256");
                         });

}  // namespace
}  // namespace svsm::kbs
