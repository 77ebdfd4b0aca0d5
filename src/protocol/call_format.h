// How a template writes calls of tools, as plain data.
#ifndef FULLSTOP_PROTOCOL_CALL_FORMAT_H_
#define FULLSTOP_PROTOCOL_CALL_FORMAT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

// One part of what stands before a call's arguments: a text, or a slot that
// holds the call's name or id.
struct CallStep {
  enum class Kind { kText, kName, kId };
  Kind kind = Kind::kText;
  std::string text;  // of kText

  friend bool operator==(const CallStep&, const CallStep&) = default;
};

// What a call looks like:
//   kJson     an object that holds name and arguments, or a list of such
//   kNamed    the name, then the arguments
//   kChannel  a header that names the recipient, then the arguments
enum class CallKind { kNone, kJson, kNamed, kChannel };

// What the arguments of a kNamed call look like:
//   kJson     one JSON value
//   kPairs    keys and values, each between marks: values of text stand bare
//   kLiteral  key = value in brackets, values as in Python or with marks of
//             their own as quotes
//   kCode     all that follows is one argument
enum class ArgumentSyntax { kJson, kPairs, kLiteral, kCode };

// A reply with two calls, white space aside:
//   section_open  head arguments close  head arguments close  section_close
// Any of the texts may be empty. White space within one stands for any amount
// of it, none included.
struct CallFormat {
  CallKind kind = CallKind::kNone;
  std::string section_open;
  std::string section_close;
  // Of kJson: at most a text. Of kNamed: the last step is a text, which ends
  // the name, or is empty; without a slot all calls are for `tool`.
  std::vector<CallStep> head;
  std::string close;

  // kJson: the keys of an object; an empty name_key where the name itself is
  // the key of its arguments.
  std::string name_key;
  std::string arguments_key;

  ArgumentSyntax arguments = ArgumentSyntax::kJson;
  // kPairs: before a key, between key and value, behind the value; the second
  // of each for values that are no text, where that differs. Where the key is
  // written again behind the value, `value_close` is what stands before it and
  // `key_close` what stands behind it; values then may have keys of their own,
  // written in the same way.
  std::string key_open;
  std::string value_open;
  std::string value_close;
  std::string key_close;
  std::string other_open;
  std::string other_close;
  // kLiteral: between key and value; around a text, where that is no quotation
  // mark; the end of the arguments.
  std::string assign;
  std::string quote;
  std::string end;
  // kCode: whose argument it is, and its key.
  std::string tool;
  std::string code_key;

  // kNamed and kChannel: the name under which the answer itself is written,
  // where it has one ("all"); and whether prompts end with the opening, so that
  // a reply begins with a name.
  std::string answer_name;
  bool prefilled = false;
  // kChannel: what names of tools begin with ("functions.").
  std::string name_prefix;
  // Derived from renderings, or else one of the forms known by their markers.
  bool derived = true;

  friend bool operator==(const CallFormat&, const CallFormat&) = default;
};

// "none", "json", "named", "channel"; "json", "pairs", "literal", "code".
std::string_view CallKindName(CallKind kind);
std::string_view ArgumentSyntaxName(ArgumentSyntax syntax);

// One line for a person and for tests: the parts in order, slots in braces.
std::string Describe(const CallFormat& format);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_CALL_FORMAT_H_
