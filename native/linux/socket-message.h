// One message of a unix(7) SOCK_SEQPACKET socket, with descriptors: sendmsg(2), recvmsg(2).
#pragma once
#include <cstddef>
#include <vector>

namespace stratabox {

/** How many descriptors one message may carry: what the supervisor reads at most. */
constexpr size_t kOutgoingFdMax = 16;
/** How many a message to Node may carry. */
constexpr size_t kIncomingFdMax = 4;
/** The longest message to Node: the supervisor's Writer holds 8 KiB. */
constexpr size_t kIncomingMax = 16 * 1024;

/** What is to be sent. Its descriptors close with it. */
struct Outgoing {
  std::vector<char> bytes;
  std::vector<int> fds;

  Outgoing() = default;
  Outgoing(Outgoing&&) = default;
  ~Outgoing();
};

/** 0, or sendmsg(2)'s errno. Never blocks. */
int SendOne(int socket, const Outgoing& message);

enum class Received { kMessage, kNothing, kEnd };

/** One message, whoever wrote it: what is too long or has too many descriptors comes out empty, and without any. Never blocks. */
Received ReceiveOne(int socket, std::vector<char>* bytes, std::vector<int>* fds);

/** close(2) of descriptors that somebody hostile may have sent. */
void CloseReceived(const std::vector<int>& fds);

/** Takes out, and closes, what a socket that nobody may write to any more still holds. */
void Drain(int socket);

}  // namespace stratabox
