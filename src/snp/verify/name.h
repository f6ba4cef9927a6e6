// Distinguished names of AMD's certificates.
#ifndef SVSM_SRC_SNP_VERIFY_NAME_H_
#define SVSM_SRC_SNP_VERIFY_NAME_H_

#include <string>
#include <string_view>

#include "svsm/core/bytes.h"

namespace svsm::snp {

// The one common name of a Name in DER; empty if there is none, several, or no such form.
std::string_view CommonNameOf(ByteView name);

// Whether a Name has AMD's six attributes (OU, C, L, ST, O, CN), each once and in a SET of its own,
// with AMD's values but for this organization, in any order, as PrintableString or UTF8String; and
// any common name.
bool IsAmdName(ByteView name, std::string_view organization);

// "OU=Engineering, C=US, ...": for people. Bytes that do not print become '?'.
std::string NameText(ByteView name);

}  // namespace svsm::snp

#endif  // SVSM_SRC_SNP_VERIFY_NAME_H_
