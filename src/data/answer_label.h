// Words that an answer has from the form that it was taken from.
#ifndef FULLSTOP_DATA_ANSWER_LABEL_H_
#define FULLSTOP_DATA_ANSWER_LABEL_H_

#include <string_view>

namespace fullstop {

// The label with which TEXT begins, its colon included: "Output:",
// "**回答：**"; empty where it begins with none. A label is a word for the
// answer or for who answers, in the languages that data sets are written in.
std::string_view LabelOf(std::string_view text);

// Whether PROMPT says that answers begin so.
bool AsksForLabel(std::string_view prompt, std::string_view label);

// Whether the name in braces at the begin of TEXT is there because PROMPT or
// SYSTEM has such names, or asks for a text to fill in.
bool AsksForPlaceholder(std::string_view text, std::string_view prompt,
                        std::string_view system);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_ANSWER_LABEL_H_
