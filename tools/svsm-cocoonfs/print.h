// How the program says things.
#ifndef SVSM_TOOLS_SVSM_COCOONFS_PRINT_H_
#define SVSM_TOOLS_SVSM_COCOONFS_PRINT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/svsm-cocoonfs/session.h"

namespace svsm::cocoonfs_tool {

// A little-endian number of any size, in decimal.
std::string DecimalText(ByteView number);

const char* HashText(crypto::HashAlg alg);
const char* CipherText(crypto::BlockCipherAlg alg);

// What can be said of an image without a key. Throws kNoFileSystem and others.
nlohmann::ordered_json MetadataJson(Session& session);

// As JSON, or as lines of names and values, indented by level.
void Print(const nlohmann::ordered_json& value, const Options& options);

}  // namespace svsm::cocoonfs_tool

#endif  // SVSM_TOOLS_SVSM_COCOONFS_PRINT_H_
