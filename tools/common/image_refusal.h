// tools/common/image_refusal.h: why a program does not take an image, in words for people.
#ifndef SVSM_TOOLS_COMMON_IMAGE_REFUSAL_H_
#define SVSM_TOOLS_COMMON_IMAGE_REFUSAL_H_

#include <string>

#include "svsm/cocoonfs/refusal.h"
#include "svsm/core/status.h"

namespace svsm::tool {

// "wrong-key: the key does not open the image (AuthFailed ...)".
struct ImageRefusal {
  cocoonfs::Refusal reason = cocoonfs::Refusal::kNone;
  Status status;
  std::string text;
};

ImageRefusal Refuse(cocoonfs::Refusal reason, Status status);
// The reason for what the TPM's own files said (persistent.h), in the same words.
ImageRefusal ExplainStart(Status status);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_COMMON_IMAGE_REFUSAL_H_
