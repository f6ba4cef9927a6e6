// Messages that Trustee's broker sealed.
#include <filesystem>

#include "svsm/crypto/openssl.h"
#include "svsm/kbs/jwe.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

class JweRecordedTest : public RecordedTest {
 protected:
  Result<ByteView> Open(const std::string& key_name, const std::string& body, EpkPlace place) {
    const nlohmann::json key = Recorded("keys.json").at("keys").at(key_name);
    const bool p521 = key.at("crv") == "P-521";
    crypto::OpensslEcdh ecdh(p521 ? crypto::Curve::kP521 : crypto::Curve::kP256);
    EXPECT_THAT(ecdh.SetPrivateKey(FromUrl(key.at("d").get<std::string>())), testing::IsOk());
    crypto::OpensslBlockCipher aes(crypto::BlockCipherAlg::kAes);
    crypto::OpensslAesGcm aead;
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    ByteVector text(body.size());
    SVSM_ASSIGN_OR_RETURN(const JweMessage jwe, DecodeJwe(AsBytes(body), text));
    ByteVector again(body.size());
    EXPECT_THAT(EncodeJwe(jwe, again), IsOkAnd(SameBytes(AsBytes(body))));
    ByteVector workspace(2 * body.size());
    return OpenJwe({ecdh, aes, aead, sha256}, jwe, place, workspace, plaintext_);
  }
  Bytes<256> plaintext_{};
};

TEST_F(JweRecordedTest, OpensWhatTrusteeSealed) {
  std::size_t opened = 0;
  for (const char* folder : {"trustee", "snp-own"}) {
    for (const auto& file : std::filesystem::directory_iterator(RecordedFolder() + folder)) {
      if (file.path().extension() != ".json") continue;
      const nlohmann::json recorded =
          Recorded(std::string(folder) + "/" + file.path().filename().string());
      if (!recorded.contains("expect") || !recorded.at("expect").contains("z")) continue;
      const std::string body =
          recorded.at("exchanges").back().at("response").at("body").get<std::string>();
      EXPECT_THAT(Open(recorded.at("key").get<std::string>(), body, EpkPlace::kProtected),
                  IsOkAnd(SameBytes(Hex(recorded.at("expect").at("plaintext_hex")))))
          << file.path();
      ++opened;
    }
  }
  EXPECT_GE(opened, 8u);
}

}  // namespace
}  // namespace svsm::kbs
