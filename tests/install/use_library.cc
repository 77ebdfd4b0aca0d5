// A program of somebody else's: what README.md shows of the library.
#include <fullstop/fullstop.h>

#include <iostream>

int main(int argc, char** argv) {
  fullstop::ChatModel model(argc > 1 ? argv[1] : "");
  fullstop::Chat chat(model);
  const fullstop::ChatReply reply = chat.Send("Name three colours.");
  std::cout << reply.text << "\n(" << reply.end << ")\n";
}
