// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title The mining share, paid out evenly within two years, half of what is left in each two
///
/// A period's allotment is half of what was left at its begin, rounded up: the last unit leaves in the 92nd period, and the sum is
/// exactly what the contract was given.
contract MiningEmission {
    using SafeERC20 for IERC20;

    uint256 public constant TOTAL = 4_000_000_000 ether;
    uint256 public constant PERIOD = 2 * 365 days;

    IERC20 public immutable token;
    uint256 public immutable start;
    /// Names the receiver once; has no other power.
    address public immutable steward;
    address public receiver;
    uint256 public released;

    event ReceiverSet(address receiver);
    event Released(uint256 amount);

    error NotTheSteward();
    error AlreadySet();
    error ZeroAddress();
    error NoReceiver();

    constructor(IERC20 token_, address steward_) {
        token = token_;
        steward = steward_;
        start = block.timestamp;
    }

    function setReceiver(address receiver_) external {
        require(msg.sender == steward, NotTheSteward());
        require(receiver == address(0), AlreadySet());
        require(receiver_ != address(0), ZeroAddress());
        receiver = receiver_;
        emit ReceiverSet(receiver_);
    }

    /// What may have left by a time, in all.
    function emitted(uint256 time) public view returns (uint256) {
        uint256 left = TOTAL;
        uint256 elapsed = time > start ? time - start : 0;
        while (elapsed >= PERIOD && left > 0) {
            left -= (left + 1) / 2;
            elapsed -= PERIOD;
        }
        return left == 0 ? TOTAL : TOTAL - left + (((left + 1) / 2) * elapsed) / PERIOD;
    }

    /// Sends what is due to the receiver; anyone may call.
    function release() external returns (uint256 amount) {
        require(receiver != address(0), NoReceiver());
        amount = emitted(block.timestamp) - released;
        released += amount;
        emit Released(amount);
        token.safeTransfer(receiver, amount);
    }
}
