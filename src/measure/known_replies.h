// Questions with answers that are known: what a model is shown to see whether
// it knows an end when it meets one.
#ifndef FULLSTOP_MEASURE_KNOWN_REPLIES_H_
#define FULLSTOP_MEASURE_KNOWN_REPLIES_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fullstop {

struct KnownReply {
  // What stands before the reply; the last message is the user's.
  nlohmann::ordered_json messages;
  std::string reply;
};

// Our own, in several languages, of some sentences each, so that sentences end
// inside of replies too. English ones and others in turn; the first eight are a
// fair choice, and short, so that a large model gets them into little time.
std::vector<KnownReply> KnownReplies();

// Of the file at PATH: JSONL, each line an object with `prompt` and `reply`, or
// with `messages` whose last is the assistant's. Throws Error: kFormat naming
// the line that is neither, kUsage where there is none, and as reading does.
std::vector<KnownReply> ReadKnownReplies(const std::string& path);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_KNOWN_REPLIES_H_
