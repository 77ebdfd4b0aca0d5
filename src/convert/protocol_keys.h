// A turn protocol as GGUF's keys hold it.
#ifndef FULLSTOP_CONVERT_PROTOCOL_KEYS_H_
#define FULLSTOP_CONVERT_PROTOCOL_KEYS_H_

#include <string>
#include <string_view>
#include <vector>

#include "format/gguf_writer.h"
#include "protocol/sources.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

// Adds what SOURCES declare, and what PROTOCOL, resolved from them, knows of
// it: the named tokens, one id each for the ends that the standard keys have
// room for (eos, eot, eom), all declared ends in fullstop.stop_token_ids, the
// templates, the sampling defaults. A protocol that is resolved from the file
// has the same hash. What the keys can't say goes to REMARKS.
void AddProtocolKeys(const ProtocolSources& sources,
                     const TurnProtocol& protocol, GgufWriter* writer,
                     std::vector<std::string>* remarks);

// Of these keys those of ends: eot, eom, all declared ones, and the ids that
// are forbidden. eos is a named token.
void AddEndKeys(const ProtocolSources& sources, const TurnProtocol& protocol,
                GgufWriter* writer);

// Whether KEY is one of those that AddEndKeys may write.
bool IsEndKey(std::string_view key);

// Whether KEY is one of those that AddTokenizerKeys and AddProtocolKeys may
// write: what is replaced when a file gets another protocol.
bool IsProtocolKey(std::string_view key);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_PROTOCOL_KEYS_H_
