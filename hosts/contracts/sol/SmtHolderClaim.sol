// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title 300 million MESH for the holders of SMT at the snapshot
/// Anyone may claim for a holder; the amount goes to the holder, once. There is no deadline. `snapshot.ts` makes tree and proofs.
contract SmtHolderClaim {
    using SafeERC20 for IERC20;

    IERC20 public immutable token;
    bytes32 public immutable root;
    mapping(address => bool) public claimed;

    event Claimed(address indexed holder, uint256 amount);

    error AlreadyClaimed();
    error NotInTheSnapshot();

    constructor(IERC20 token_, bytes32 root_) {
        token = token_;
        root = root_;
    }

    function claim(address holder, uint256 amount, bytes32[] calldata proof) external {
        require(!claimed[holder], AlreadyClaimed());
        // Hashed twice, so that no inner node of the tree passes for a leaf.
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(holder, amount))));
        require(MerkleProof.verifyCalldata(proof, root, leaf), NotInTheSnapshot());
        claimed[holder] = true;
        emit Claimed(holder, amount);
        token.safeTransfer(holder, amount);
    }
}
