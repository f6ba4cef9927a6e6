// tools/svsm-kbs/framing.h: where a request ends, in one way only.
//
// Between a client and this server there may be another one, that sends the requests of many
// clients over one connection. If the two disagree on where a request ends, the rest of one
// client's request becomes the beginning of another's. So what could be read in two ways is not
// answered.
#ifndef SVSM_TOOLS_SVSM_KBS_FRAMING_H_
#define SVSM_TOOLS_SVSM_KBS_FRAMING_H_

#include <httplib.h>

namespace svsm::tool {

// Whether every reader finds the same end of the request: its headers have names that are tokens,
// and it has at most one Content-Length, a plain number, or one Transfer-Encoding that is
// "chunked"; a method that cpp-httplib reads no body of has neither, or the length 0.
// Spec: RFC 9110, 5.6.2 and 8.6; RFC 9112, 5.1 and 6.
bool HasOneEnd(const httplib::Request& request);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_KBS_FRAMING_H_
