// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Since which block a secret is public
/// A hash-locked payment is decided by this block and not by when somebody comes to unlock it.
contract SecretRegistry {
    string public constant contract_version = "0.6._";

    /// sha256 of a secret -> block in which it was registered; 0 if it never was.
    mapping(bytes32 => uint256) public secrethash_to_block;

    event SecretRevealed(bytes32 indexed secret);

    error ZeroSecret();
    error KnownSecret();

    /// A secret is registered once, so that its block can't move.
    function registerSecret(bytes32 secret) external returns (bool) {
        bytes32 hash = sha256(abi.encodePacked(secret));
        require(secret != 0, ZeroSecret());
        require(secrethash_to_block[hash] == 0, KnownSecret());
        secrethash_to_block[hash] = block.number;
        emit SecretRevealed(secret);
        return true;
    }

    function getSecretRevealBlockHeight(bytes32 secrethash) external view returns (uint256) {
        return secrethash_to_block[secrethash];
    }
}
