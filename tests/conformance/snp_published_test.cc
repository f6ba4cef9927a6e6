// Our certificate tables, guest messages and launch digests against vectors/.
#include "svsm/crypto/openssl.h"
#include "svsm/snp/certificate_table.h"
#include "svsm/snp/guest_message.h"
#include "svsm/snp/launch_digest.h"
#include "svsm/testing/matchers.h"
#include "tests/conformance/published.h"

namespace svsm {
namespace {

using testing::FixedHexOf;
using testing::HexOf;
using testing::IsOk;
using testing::NameOf;
using ::testing::Not;
using testing::Published;
using testing::SameBytes;

TEST(PublishedCertificateTables, AreBuiltAndParsed) {
  for (const auto& one :
       Published("certificate_tables/certificate_tables.json", "certificate-table")) {
    SCOPED_TRACE(NameOf(one));
    const ByteVector bytes = HexOf(one, "bytes");
    const auto table = snp::CertificateTable::Parse(bytes);
    if (!one.at("valid").get<bool>()) {
      EXPECT_THAT(table, Not(IsOk()));
      continue;
    }
    ASSERT_THAT(table, IsOk());
    ASSERT_EQ(table->size(), one.at("certificates").size());
    std::vector<ByteVector> blobs;
    std::vector<snp::Certificate> certificates;
    for (const auto& certificate : one.at("certificates")) {
      blobs.push_back(*FromHex(certificate.at("bytes").get<std::string>()));
      certificates.push_back({testing::GuidOf(certificate), blobs.back()});
      EXPECT_THAT(table->Find(certificates.back().guid), SameBytes(blobs.back()));
    }
    if (!one.at("built").get<bool>()) continue;
    ByteVector built(bytes.size());
    EXPECT_THAT(snp::BuildCertificateTable(certificates, built), testing::IsOkAnd(bytes.size()));
    EXPECT_THAT(built, SameBytes(bytes));
  }
}

TEST(PublishedGuestMessages, AreSealedAndOpened) {
  for (const auto& one : Published("guest_messages/guest_messages.json", "guest-message")) {
    SCOPED_TRACE(NameOf(one));
    crypto::OpensslAesGcm aead;
    ASSERT_THAT(aead.SetKey(HexOf(one, "key")), IsOk());
    ByteVector page = HexOf(one, "page");
    page.resize(snp::kGuestMessageSize);
    const auto whole = ByteView(page).first<snp::kGuestMessageSize>();
    ByteVector payload(snp::kMaxGuestPayloadSize);
    const auto opened = snp::OpenGuestMessage(aead, whole, payload);
    if (!one.at("valid").get<bool>()) {
      const Code code = one.at("error") == "form" ? Code::kMalformed : Code::kAuthFailed;
      EXPECT_EQ(opened.status().code(), code);
      EXPECT_TRUE(IsZero(payload));
      continue;
    }
    ASSERT_THAT(opened, IsOk());
    const ByteVector wanted = HexOf(one, "payload");
    EXPECT_THAT(ByteView(payload).first(opened->payload_bytes), SameBytes(wanted));
    EXPECT_EQ(static_cast<unsigned>(opened->type), one.at("type").get<unsigned>());
    EXPECT_EQ(opened->version, one.at("message_version").get<unsigned>());
    EXPECT_EQ(opened->vmpck.value(), one.at("vmpck").get<unsigned>());
    EXPECT_EQ(std::to_string(opened->sequence_number), one.at("sequence_number"));
    ByteVector sealed(snp::kGuestMessageSize);
    ASSERT_THAT(snp::SealGuestMessage(aead, *opened, wanted,
                                      ByteSpan(sealed).first<snp::kGuestMessageSize>()),
                IsOk());
    EXPECT_THAT(sealed, SameBytes(page));
  }
}

Status Add(snp::LaunchDigest& digest, const nlohmann::json& page) {
  const auto type = static_cast<snp::PageType>(page.at("type").get<unsigned>());
  const Gpa gpa(std::stoull(page.at("gpa").get<std::string>(), nullptr, 16));
  snp::PageAttributes attributes;
  attributes.imi = page.at("imi") == 1;
  attributes.vmpl1_permissions = page.at("vmpl1").get<std::uint8_t>();
  attributes.vmpl2_permissions = page.at("vmpl2").get<std::uint8_t>();
  attributes.vmpl3_permissions = page.at("vmpl3").get<std::uint8_t>();
  if (type != snp::PageType::kNormal && type != snp::PageType::kVmsa) {
    return digest.AddPage(type, gpa, attributes);
  }
  Bytes<kPageSize> contents{};
  Copy(contents, *FromHex(page.at("first").get<std::string>()));
  const ByteVector last = *FromHex(page.at("last").get<std::string>());
  Copy(ByteSpan(contents).last(last.size()), last);
  return digest.AddMeasuredPage(type, gpa, contents, attributes);
}

TEST(PublishedLaunchDigests, AreComputedPageByPage) {
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  for (const auto& one : Published("launch_digests/launch_digests.json", "launch-digest")) {
    SCOPED_TRACE(NameOf(one));
    snp::LaunchDigest digest(sha384, FixedHexOf<snp::kLaunchDigestSize>(one, "start"));
    for (const auto& page : one.at("pages")) {
      ASSERT_THAT(Add(digest, page), IsOk());
      EXPECT_EQ(ToHex(digest.value()), page.at("digest"));
    }
    EXPECT_EQ(ToHex(digest.value()), one.at("digest"));
  }
}

}  // namespace
}  // namespace svsm
