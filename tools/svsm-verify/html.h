// A verdict as a page: for people who would rather look.
#ifndef SVSM_TOOLS_SVSM_VERIFY_HTML_H_
#define SVSM_TOOLS_SVSM_VERIFY_HTML_H_

#include <string>

#include "tools/svsm-verify/judge.h"

namespace svsm::verify {

// A whole HTML document with the verdict and its chain. It loads nothing and runs nothing, follows
// the reader's light or dark, and everything that comes from the input is escaped.
std::string ToHtml(const Outcome& outcome);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_HTML_H_
