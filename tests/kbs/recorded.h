// Exchanges of real peers, from SVSM_VECTORS_DIR.
#ifndef TESTS_KBS_RECORDED_H_
#define TESTS_KBS_RECORDED_H_

#include <cstdlib>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"
#include "svsm/core/hosted.h"
#include "svsm/kbs/base64.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {

inline std::string RecordedFolder() {
  const char* folder = std::getenv("SVSM_VECTORS_DIR");
  return folder == nullptr ? std::string() : std::string(folder) + "/kbs/";
}

class RecordedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (RecordedFolder().empty() || !ReadFile(RecordedFolder() + "keys.json").ok()) {
      GTEST_SKIP() << "SVSM_VECTORS_DIR has no kbs";
    }
  }

  static nlohmann::json Recorded(const std::string& file) {
    const Result<ByteVector> text = ReadFile(RecordedFolder() + file);
    EXPECT_THAT(text, testing::IsOk()) << file;
    return nlohmann::json::parse(text->begin(), text->end());
  }
  static ByteVector FromUrl(const std::string& text) {
    ByteVector out(MaxDecodedSize(text.size()));
    const Result<ByteView> bytes = DecodeBase64(Base64::kUrl, AsBytes(text), out);
    EXPECT_THAT(bytes, testing::IsOk()) << text;
    return ToVector(*bytes);
  }
  static ByteVector Hex(const nlohmann::json& value) {
    Result<ByteVector> bytes = FromHex(value.get<std::string>());
    EXPECT_THAT(bytes, testing::IsOk());
    return std::move(*bytes);
  }
  // Header and body, as they went over the socket.
  static ByteVector Frame(const nlohmann::json& frame) {
    ByteVector bytes = Hex(frame.at("length_le_hex"));
    const std::string body = frame.at("json").get<std::string>();
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
  }
};

}  // namespace svsm::kbs

#endif  // TESTS_KBS_RECORDED_H_
