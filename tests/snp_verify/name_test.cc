#include "src/snp/verify/name.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"

namespace svsm::snp {
namespace {

// The Name in DER.
constexpr const char* kAmd = "Advanced Micro Devices";

ByteVector Der(const forge::Name& name) {
  forge::CertificateSpec spec = forge::Ark(Product::kMilan);
  spec.subject = name;
  const ByteVector der = forge::Make(spec);
  return ToVector(ParseCertificate(der)->subject);
}

TEST(Name, OfAmdHasSixAttributesOnceEach) {
  const forge::Name good = forge::AmdName("SEV-VCEK");
  EXPECT_TRUE(IsAmdName(Der(good), kAmd));
  for (std::size_t i = 0; i < good.size(); ++i) {
    forge::Name less = good;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(IsAmdName(Der(less), kAmd)) << i;
    forge::Name twice = good;
    twice.push_back(good[i]);
    EXPECT_FALSE(IsAmdName(Der(twice), kAmd)) << i;
    forge::Name other = good;
    if (other[i].type == "CN") continue;  // judged by the caller
    other[i].value.back() = other[i].value.back() == 'S' ? 'A' : 'S';
    EXPECT_FALSE(IsAmdName(Der(other), kAmd)) << i;
  }
}

TEST(Name, OfAmdHasOneAttributeASet) {
  // SET { CN, CN } in a Name.
  const ByteVector der = *FromHex("301631143008060355040313014130080603550403130142");
  EXPECT_FALSE(IsAmdName(der, kAmd));
  EXPECT_EQ(CommonNameOf(der), "");
}

TEST(Name, IsReadWholeOrNotAtAll) {
  ByteVector der = Der(forge::AmdName("SEV-VCEK"));
  EXPECT_EQ(CommonNameOf(der), "SEV-VCEK");
  der.push_back(0);
  EXPECT_EQ(CommonNameOf(der), "");
  EXPECT_FALSE(IsAmdName(der, kAmd));
  EXPECT_EQ(CommonNameOf({}), "");
  EXPECT_FALSE(IsAmdName({}, kAmd));
}

TEST(Name, KnowsTwoStringTypes) {
  // CN as T61String.
  const ByteVector der = *FromHex("300c310a30080603550403140141");
  EXPECT_EQ(CommonNameOf(der), "");
}

TEST(NameText, IsForPeople) {
  EXPECT_EQ(NameText(Der(forge::AmdName("SEV-VCEK"))),
            "OU=Engineering, C=US, L=Santa Clara, ST=CA, O=Advanced Micro Devices, CN=SEV-VCEK");
  EXPECT_EQ(NameText(Der({{"serialNumber", "1\x01"}, {"CN", "a"}})), "2.5.4.5=1?, CN=a");
  EXPECT_EQ(NameText({}), "a name of unknown form");
}

}  // namespace
}  // namespace svsm::snp
